// A strip chart of the last minute.
import { drawn, element, the, write } from "./element.js";

const SAMPLES = 240; // four a second
const HEIGHT = 100;

/** One chart: a line, an optional level, and marks where something was lost. */
export class Chart {
  #rows = []; // [value, lost], the oldest first

  constructor(title, tip) {
    this.value = element("b");
    this.level = drawn("path", { class: "level" });
    this.line = drawn("path");
    this.marks = drawn("path", { class: "marks" });
    const strip = drawn(
      "svg", { viewBox: `0 0 ${SAMPLES} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      this.level, this.marks, this.line,
    );
    const header = element("header", {}, title, this.value);
    the("charts").append(element("div", { class: "chart", "data-tip": tip }, header, strip));
  }

  /** Add a sample, null where it is not known; `top` is shown at least. */
  add(value, { text, top, level = null, lost = false }) {
    this.#rows.push([value, lost]);
    if (this.#rows.length > SAMPLES) this.#rows.shift();
    write(this.value, text);
    if (document.hidden) return;
    const highest = Math.max(top, ...this.#rows.map(([each]) => each ?? 0)) * 1.08;
    const y = (each) => (HEIGHT - (each / highest) * HEIGHT).toFixed(1);
    const start = SAMPLES - this.#rows.length;
    this.line.setAttribute("d", this.#path(start, y));
    this.level.setAttribute("d", level === null ? "" : `M0 ${y(level)}H${SAMPLES}`);
    this.marks.setAttribute("d", this.#rows.map((row, i) => (row[1] ? `M${start + i} ${HEIGHT}v-14` : "")).join(""));
  }

  #path(start, y) {
    let path = "";
    let joined = false;
    this.#rows.forEach(([value], index) => {
      if (value !== null) path += `${joined ? "L" : "M"}${start + index} ${y(value)}`;
      joined = value !== null;
    });
    return path;
  }
}
