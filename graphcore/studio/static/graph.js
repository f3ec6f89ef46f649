// The graph: nodes as boxes with what they do, links as curves with what goes over them.
import { drawn, the, write } from "./element.js";
import { layout, NODE_WIDTH, portY } from "./layout.js";
import { ends } from "./order.js";
import { isLoss, latencyText, msText, rateText } from "./rates.js";

const ROW = 13; // px, a line of figures
const [TITLE_Y, TYPE_Y, FIGURES_Y] = [16, 28, 44]; // px, base lines
const PORT_ROW = 15;
const FILLING = 8; // packets that wait: half of what a link takes unless the graph says otherwise
const LOSS_SHOWS_MS = 2000;

/** Draws a graph once, and afterwards changes only its figures. */
export class GraphView {
  constructor(choose) {
    this.choose = choose; // called with the name of a node that was picked
    this.scale = null; // null: as it fits
    this.box = the("graph");
    the("zoom-in").addEventListener("click", () => this.zoom(1.2));
    the("zoom-out").addEventListener("click", () => this.zoom(1 / 1.2));
    the("zoom-fit").addEventListener("click", () => this.zoom(null));
    new ResizeObserver(() => this.#fit()).observe(this.box);
  }

  /** Draw another graph. */
  take(run) {
    this.run = run;
    this.counted = new Set(); // nodes that have told counts: their boxes have a line more
    this.#draw();
  }

  /** Show what happens now. */
  show(stats, rates) {
    const counting = Object.keys(stats.nodes).filter((name) => countsOf(stats.nodes[name]).length && !this.counted.has(name));
    if (counting.length) {
      counting.forEach((name) => this.counted.add(name));
      this.#draw();
    }
    for (const [name, parts] of this.nodes) if (stats.nodes[name]) showNode(parts, stats.nodes[name], rates, name);
    for (const row of stats.links) if (this.links.has(row.link)) showLink(this.links.get(row.link), row, rates.link(row.link));
  }

  /** Larger or smaller by this factor; null: as it fits. */
  zoom(factor) {
    this.scale = factor === null ? null : Math.min(2, Math.max(0.3, this.#shown() * factor));
    this.#fit();
  }

  /** Mark a node as the one whose dials are looked at. */
  mark(name) {
    for (const [other, parts] of this.nodes) parts.box.classList.toggle("chosen", other === name);
  }

  #draw() {
    const places = layout(this.run, (node) => this.#height(node));
    this.size = [places.width, places.height];
    this.nodes = new Map();
    this.links = new Map();
    this.picture = drawn("svg", { role: "group", "aria-label": `graph of ${this.run.nodes.length} nodes` });
    this.picture.setAttribute("viewBox", `-10 -10 ${places.width + 20} ${places.height + 20}`);
    this.run.links.forEach((link, index) => this.#addLink(link, places.routes[index]));
    for (const node of this.run.nodes) this.#addNode(node, places.nodes.get(node.name));
    this.box.replaceChildren(this.picture);
    this.#fit();
  }

  #height(node) {
    const rows = 2 + (this.counted.has(node.name) ? 1 : 0);
    return Math.max(FIGURES_Y + (rows - 1) * ROW + 8, PORT_ROW * Math.max(node.inputs.length, node.outputs.length) + 20);
  }

  #addLink(link, route) {
    const kind = (link.follows ? " follows" : "") + (link.fused ? " fused" : "");
    const [x, y] = route.at(-1);
    const label = drawn("text", { x: x - 8, y: y - 4, class: "flow" });
    const [path, reach] = [drawn("path", { d: curve(route) }), drawn("path", { d: curve(route), class: "reach" })];
    const all = drawn("g", { class: `link${kind}`, "data-tip": `${link.from} -> ${link.to}` }, path, reach, label);
    this.picture.append(all);
    this.links.set(`${link.from} -> ${link.to}`, { all, label, link, lost: 0, fading: 0 });
  }

  #addNode(node, { x, y, height }) {
    const line = (row, style, x = 9) => drawn("text", { x, y: FIGURES_Y + row * ROW, class: style });
    const parts = { source: node.inputs.length === 0, rate: line(0, "figure"), latency: line(1, "figure end", NODE_WIDTH - 9), counts: line(2, "figure counts") };
    parts.load = drawn("rect", { y: height - 3, width: 0, height: 3, class: "load" });
    parts.time = line(0, "figure end", NODE_WIDTH - 9);
    parts.waits = line(1, "figure");
    parts.percent = drawn("text", { x: NODE_WIDTH - 9, y: TITLE_Y, class: "figure end" });
    const pick = () => this.choose(node.name);
    parts.about = `${node.doc || node.type}${place(node) ? ` Runs in ${node.place}.` : ""}`;
    parts.box = drawn(
      "g",
      {
        class: "node", transform: `translate(${x} ${y})`, tabindex: 0, role: "button", onclick: pick,
        "aria-label": `${node.name}, ${node.type}`, "data-tip": parts.about,
        onkeydown: (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), pick()),
      },
      drawn("rect", { width: NODE_WIDTH, height, rx: 5, class: "body" }),
      drawn("text", { x: 9, y: TITLE_Y, class: "title" }, clipped(node.name, 13)),
      drawn("text", { x: 9, y: TYPE_Y, class: "type" }, clipped(node.type + place(node), 20)),
      parts.percent, parts.rate, parts.time, parts.waits, parts.latency, parts.counts, parts.load, ...ports(node, height, this.run),
    );
    this.picture.append(parts.box);
    this.nodes.set(node.name, parts);
  }

  #shown() {
    return this.picture.getBoundingClientRect().width / (this.size[0] + 20);
  }

  #fit() {
    if (!this.picture) return;
    const [width, height] = [this.size[0] + 20, this.size[1] + 20];
    const fits = Math.min((this.box.clientWidth - 4) / width, (this.box.clientHeight - 4) / height);
    const scale = this.scale ?? Math.min(1.1, Math.max(0.64, fits));
    this.picture.setAttribute("width", width * scale);
    this.picture.setAttribute("height", height * scale);
  }
}

function showNode(parts, node, rates, name) {
  const rate = rates.calls(name);
  const work = rates.work(name);
  write(parts.rate, `${shortRate(rate)}/s`);
  write(parts.time, node.p50_us === null ? "" : `${msText(node.p50_us)} ms`);
  const latency = parts.source ? "–" : latencyText(node, "/"); // a source is ahead of its media time, or on it
  write(parts.waits, latency === "–" ? "" : "latency");
  write(parts.latency, latency === "–" ? "" : latency);
  write(parts.percent, work !== null && work >= 0.005 ? `${Math.round(work * 100)} %` : "");
  const counts = countsOf(node).filter(([, count]) => count !== 0).sort(([one], [other]) => isLoss(other) - isLoss(one));
  write(parts.counts, clipped(counts.map(([what, count]) => `${what} ${count}`).join(" · "), 18));
  parts.counts.classList.toggle("lossy", counts.some(([what]) => isLoss(what)));
  parts.box.dataset.tip = [parts.about, ...countsOf(node).map(([what, count]) => `${what}: ${count}`)].join("\n");
  parts.load.setAttribute("width", (Math.min(1, work) * NODE_WIDTH).toFixed(1));
  parts.load.classList.toggle("high", work > 0.8);
  parts.box.classList.toggle("idle", rate === 0);
}

function showLink(parts, row, rate) {
  const lost = row.dropped + row.late;
  const waits = row.depth > 1 ? ` ·${row.depth}` : "";
  write(parts.label, `${ends(parts.link.to).port} ${shortRate(rate)}/s${waits}${lost ? ` −${lost}` : ""}`);
  parts.label.classList.toggle("lossy", lost > 0);
  parts.label.classList.toggle("filling", row.depth >= FILLING);
  if (lost > parts.lost) {
    parts.all.classList.add("losing");
    clearTimeout(parts.fading);
    parts.fading = setTimeout(() => parts.all.classList.remove("losing"), LOSS_SHOWS_MS);
  }
  parts.lost = lost;
  const queue = row.fused ? "same thread" : `${row.depth} wait, at most ${row.max_depth} so far`;
  parts.all.dataset.tip = `${row.link}: ${rateText(rate)} packets/s; ${queue}; ${row.dropped} dropped, ${row.late} late`;
}

function shortRate(rate) {
  return rateText(rate !== null && rate > 9.5 ? Math.round(rate) : rate);
}

function countsOf(node) {
  return Object.entries(node.counts ?? {});
}

function place(node) {
  return node.place && node.place !== "here" ? ` @ ${node.place}` : "";
}

function ports(node, height, run) {
  const linked = new Set(run.links.flatMap((link) => [`>${link.to}`, `<${link.from}`]));
  const dot = (x, y, on, name) =>
    drawn("circle", { cx: x, cy: y, r: 3.2, class: on ? "port" : "port free", "data-tip": name });
  return [
    ...node.inputs.map((name, index) =>
      dot(0, portY(height, index, node.inputs.length), linked.has(`>${node.name}.${name}`), name)),
    ...node.outputs.map((output, index) =>
      dot(NODE_WIDTH, portY(height, index, node.outputs.length), linked.has(`<${node.name}.${output.name}`), output.name)),
  ];
}

function curve(route) {
  let path = `M${route[0]}`;
  for (let i = 1; i < route.length; i++) {
    const [[x0, y0], [x1, y1]] = [route[i - 1], route[i]];
    const bow = Math.min(60, (x1 - x0) / 2);
    path += y0 === y1 ? `H${x1}` : `C${x0 + bow} ${y0} ${x1 - bow} ${y1} ${x1} ${y1}`;
  }
  return path;
}

function clipped(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
