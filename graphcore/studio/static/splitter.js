// The bar between dials and graph: dragged, or moved by the arrow keys.
import { the } from "./element.js";

const KEY = "graphcore.graph-height";
const [LEAST, MOST] = [0.12, 0.7]; // of the window
const [USUAL, LARGE] = [0.36, 0.6];
const STEP = 0.03;

/** Let the height of the graph be chosen, and keep it. */
export function startSplitter() {
  const splitter = the("splitter");
  let share = 0;
  const set = (wished) => {
    share = Math.min(MOST, Math.max(LEAST, wished));
    document.querySelector("main").style.setProperty("--graph-height", `${(share * 100).toFixed(1)}vh`);
    splitter.setAttribute("aria-valuenow", Math.round(share * 100));
    localStorage.setItem(KEY, share);
  };
  set(Number(localStorage.getItem(KEY)) || USUAL);
  splitter.addEventListener("pointerdown", (event) => {
    splitter.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  splitter.addEventListener("pointermove", (event) => {
    if (splitter.hasPointerCapture(event.pointerId)) set(1 - event.clientY / innerHeight);
  });
  splitter.addEventListener("dblclick", () => set(share < LARGE ? LARGE : USUAL));
  splitter.addEventListener("keydown", (event) => {
    const change = { ArrowUp: STEP, ArrowDown: -STEP }[event.key];
    if (change === undefined) return;
    event.preventDefault();
    set(share + change);
  });
}
