// A link in the graph: a curve, and at its end what goes over it.
import { drawn, place, write } from "./element.js";
import { ends } from "./order.js";
import { rateText } from "./rates.js";

const FILLING = 8; // packets that wait: half of what a link takes unless the graph says otherwise
const LOSS_SHOWS_MS = 2000;
const BOW = 60; // px, at most

/** The curve of one link; `route` is the points that it goes through. */
export class LinkCurve {
  #lost = 0;
  #fading = 0;

  /** What the link is called in statistics. */
  static key(link) {
    return `${link.from} -> ${link.to}`;
  }

  constructor(link, route) {
    this.key = LinkCurve.key(link);
    this.input = ends(link.to).port;
    this.label = drawn("text", { class: "flow" });
    this.paths = [drawn("path"), drawn("path", { class: "reach" })];
    this.all = drawn(
      "g", { class: `link${link.follows ? " follows" : ""}${link.fused ? " fused" : ""}`, "data-tip": this.key },
      ...this.paths, this.label,
    );
    this.move(route);
  }

  /** Let it go along another route. */
  move(route) {
    const [x, y] = route.at(-1);
    place(this.label, { x: x - 8, y: y - 4 });
    for (const path of this.paths) place(path, { d: curve(route) });
  }

  /** Show what was counted. */
  show(row, rate) {
    const lost = row.dropped + row.late;
    const waits = row.depth > 1 ? ` ·${row.depth}` : "";
    write(this.label, `${this.input} ${rateText(rate, 9.5)}/s${waits}${lost ? ` −${lost}` : ""}`);
    this.label.classList.toggle("lossy", lost > 0);
    this.label.classList.toggle("filling", row.depth >= FILLING);
    if (lost > this.#lost) this.#flash();
    this.#lost = lost;
    const queue = row.fused ? "same thread" : `${row.depth} wait, at most ${row.max_depth} so far`;
    const flow = `${rateText(rate)} packets/s; ${queue}; ${row.dropped} dropped, ${row.late} late`;
    this.all.dataset.tip = `${this.key}\n${flow}`;
  }

  #flash() {
    this.all.classList.add("losing");
    clearTimeout(this.#fading);
    this.#fading = setTimeout(() => this.all.classList.remove("losing"), LOSS_SHOWS_MS);
  }
}

function curve(route) {
  let path = `M${route[0]}`;
  for (let i = 1; i < route.length; i++) {
    const [[x0, y0], [x1, y1]] = [route[i - 1], route[i]];
    const bow = Math.min(BOW, (x1 - x0) / 2);
    path += y0 === y1 ? `H${x1}` : `C${x0 + bow} ${y0} ${x1 - bow} ${y1} ${x1} ${y1}`;
  }
  return path;
}
