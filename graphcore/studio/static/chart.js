// A strip chart of the last minute.
import { drawn, element, the, write } from "./element.js";

const SAMPLES = 240; // four a second
const HEIGHT = 100;

/** One chart: up to two lines, an optional level, and marks where something was lost. */
export class Chart {
  #rows = []; // [first, second, mark], the oldest first

  constructor(title, tip) {
    [this.value, this.other] = [element("span"), element("i")];
    this.level = drawn("path", { class: "level" });
    this.lines = [drawn("path", { class: "second" }), drawn("path", {})];
    this.marks = drawn("path", { class: "marks" });
    const strip = drawn("svg", { viewBox: `0 0 ${SAMPLES} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    strip.append(this.level, this.marks, ...this.lines);
    the("charts").append(element("div", { class: "chart", "data-tip": tip }, element("header", {}, title, element("b", {}, this.value, this.other)), strip));
  }

  /** Add a sample; null leaves a gap. */
  add(first, second, { text, other = "", top, level = null, lost = false }) {
    this.#rows.push([first, second, lost]);
    if (this.#rows.length > SAMPLES) this.#rows.shift();
    write(this.value, text);
    write(this.other, other);
    if (document.hidden) return;
    const highest = Math.max(top, ...this.#rows.map((row) => Math.max(row[0] ?? 0, row[1] ?? 0))) * 1.08 || 1;
    const y = (value) => (HEIGHT - (value / highest) * HEIGHT).toFixed(1);
    const start = SAMPLES - this.#rows.length;
    this.lines[1].setAttribute("d", this.#path(0, start, y));
    this.lines[0].setAttribute("d", this.#path(1, start, y));
    this.level.setAttribute("d", level === null ? "" : `M0 ${y(level)}H${SAMPLES}`);
    this.marks.setAttribute("d", this.#rows.map((row, i) => (row[2] ? `M${start + i} ${HEIGHT}v-14` : "")).join(""));
  }

  #path(column, start, y) {
    let path = "";
    let joined = false;
    this.#rows.forEach((row, index) => {
      if (row[column] !== null) path += `${joined ? "L" : "M"}${start + index} ${y(row[column])}`;
      joined = row[column] !== null;
    });
    return path;
  }
}
