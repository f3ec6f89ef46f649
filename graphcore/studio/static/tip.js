// One tooltip for everything that has data-tip: under the pointer after a moment, or under what has the focus.
import { element, the } from "./element.js";

const WAIT_MS = 350;
const MARGIN = 6; // px
const WIDE = 240; // px: of what is wider, the tip stands under the beginning

let waiting = 0;
let shownFor = null;

function show(target) {
  const tip = the("tip");
  const key = target.dataset.key ? [element("kbd", {}, target.dataset.key)] : [];
  tip.replaceChildren(target.dataset.tip, ...key);
  tip.hidden = false;
  const at = target.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = tip;
  const below = at.bottom + MARGIN + height < innerHeight;
  const centred = at.left + Math.min(at.width, WIDE) / 2 - width / 2;
  const left = Math.min(Math.max(MARGIN, centred), innerWidth - width - MARGIN);
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? at.bottom + MARGIN : at.top - height - MARGIN}px`;
  shownFor = target;
}

function hide() {
  clearTimeout(waiting);
  the("tip").hidden = true;
  shownFor = null;
}

/** Begin to show tooltips. */
export function startTips() {
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const target = event.target.closest?.("[data-tip]");
    if (target === shownFor) return;
    hide();
    if (target) waiting = setTimeout(show, WAIT_MS, target);
  });
  document.addEventListener("focusin", (event) => {
    const target = event.target.closest("[data-tip]");
    const wanted = event.target.matches(":focus-visible") && !event.target.matches("input[type=text]");
    if (target && wanted) show(target);
    else hide();
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("pointerdown", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("scroll", hide, { capture: true, passive: true });
}
