// The graph: nodes as boxes with what they do, links as curves with what goes over them.
import { drawn, place, the } from "./element.js";
import { layout } from "./layout.js";
import { LinkCurve } from "./link_curve.js";
import { NodeBox } from "./node_box.js";

const MARGIN = 10; // px around everything
const [LEAST, MOST] = [0.64, 1.1]; // of the scale that is chosen for the user
const ZOOM = 1.2;

/** Draws a graph once, and afterwards changes only its figures. */
export class GraphView {
  #boxes = new Map(); // by name
  #curves = new Map(); // by `a.out -> b.in`
  #counting = new Set(); // nodes that have told counts: their boxes have a line more
  #chosen = "";
  #scale = null; // null: as it fits

  constructor(choose) {
    this.choose = choose; // called with the name of a node that was picked
    this.frame = the("graph");
    the("zoom-in").addEventListener("click", () => this.zoom(ZOOM));
    the("zoom-out").addEventListener("click", () => this.zoom(1 / ZOOM));
    the("zoom-fit").addEventListener("click", () => this.zoom(null));
    new ResizeObserver(() => this.#fit()).observe(this.frame);
  }

  /** Draw another graph. */
  take(run) {
    this.run = run;
    this.#counting.clear();
    this.#draw();
  }

  /** Show what happens now. */
  show(stats, rates) {
    const before = this.#counting.size;
    for (const [name, node] of Object.entries(stats.nodes)) {
      if (Object.keys(node.counts).length) this.#counting.add(name);
    }
    if (this.#counting.size > before) this.#move();
    for (const [name, box] of this.#boxes) if (stats.nodes[name]) box.show(stats.nodes[name], rates);
    for (const row of stats.links) this.#curves.get(row.link)?.show(row, rates.link(row.link));
  }

  /** Larger or smaller by this factor; null: as it fits. */
  zoom(factor) {
    const shown = this.picture.getBoundingClientRect().width / this.size[0];
    this.#scale = factor === null ? null : Math.min(2, Math.max(0.3, shown * factor));
    this.#fit();
  }

  /** Mark a node as the one whose dials are looked at. */
  mark(name) {
    this.#chosen = name;
    for (const box of this.#boxes.values()) box.mark(box.node.name === name);
  }

  #draw() {
    const places = this.#layout();
    this.picture = drawn("svg", { role: "group", "aria-label": `graph of ${this.run.nodes.length} nodes` });
    const curves = this.run.links.map((link, index) => new LinkCurve(link, places.routes[index]));
    const boxes = this.run.nodes.map((node) => new NodeBox(node, places.nodes.get(node.name), this.run, this.choose));
    this.#curves = new Map(curves.map((curve) => [curve.key, curve]));
    this.#boxes = new Map(boxes.map((box) => [box.node.name, box]));
    this.picture.append(...curves.map((curve) => curve.all), ...boxes.map((box) => box.all));
    this.frame.replaceChildren(this.picture);
    this.mark(this.#chosen);
    this.#resize(places);
  }

  /** Make room for another line in a box: everything stays what it is, with its focus and its tip. */
  #move() {
    const places = this.#layout();
    for (const [name, box] of this.#boxes) box.move(places.nodes.get(name));
    this.run.links.forEach((link, index) => this.#curves.get(LinkCurve.key(link)).move(places.routes[index]));
    this.#resize(places);
  }

  #layout() {
    return layout(this.run, (node) => NodeBox.height(node, this.#counting.has(node.name)));
  }

  #resize({ width, height }) {
    this.size = [width + 2 * MARGIN, height + 2 * MARGIN];
    place(this.picture, { viewBox: `${-MARGIN} ${-MARGIN} ${this.size.join(" ")}` });
    this.#fit();
  }

  #fit() {
    if (!this.picture) return;
    const [width, height] = this.size;
    const fits = Math.min((this.frame.clientWidth - 4) / width, (this.frame.clientHeight - 4) / height);
    const scale = this.#scale ?? Math.min(MOST, Math.max(LEAST, fits));
    this.picture.setAttribute("width", width * scale);
    this.picture.setAttribute("height", height * scale);
  }
}
