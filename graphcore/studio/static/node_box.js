// A node in the graph: its name, and what it does in a second.
import { drawn, place, write } from "./element.js";
import { NODE_WIDTH, portY } from "./layout.js";
import { isLoss, latencyText, msText, rateText } from "./rates.js";

const ROW = 13; // px, a line of figures
const [TITLE_Y, TYPE_Y, FIGURES_Y] = [16, 28, 44]; // px, base lines
const [LEFT, RIGHT] = [9, NODE_WIDTH - 9];
const PORT_ROW = 15;
const FULL = 0.8; // of a core: beyond this a node is nearly all that its thread does

/** The box of one node. */
export class NodeBox {
  /** How high it has to be; `counts`: with a line for what the node counts. */
  static height(node, counts) {
    const rows = FIGURES_Y + (counts ? 2 : 1) * ROW + 8;
    return Math.max(rows, PORT_ROW * Math.max(node.inputs.length, node.outputs.length) + 20);
  }

  constructor(node, where, run, choose) {
    this.node = node;
    const elsewhere = node.place && node.place !== "here";
    this.about = `${node.doc || node.type}${elsewhere ? ` Runs in ${node.place}.` : ""}`;
    this.texts = {
      percent: text(RIGHT, TITLE_Y, "figure end"),
      rate: text(LEFT, FIGURES_Y, "figure"),
      time: text(RIGHT, FIGURES_Y, "figure end"),
      waits: text(LEFT, FIGURES_Y + ROW, "figure"),
      latency: text(RIGHT, FIGURES_Y + ROW, "figure end"),
      counts: text(LEFT, FIGURES_Y + 2 * ROW, "figure counts"),
    };
    this.load = drawn("rect", { width: 0, height: 3, class: "load" });
    this.body = drawn("rect", { width: NODE_WIDTH, rx: 5, class: "body" });
    this.ports = ports(node, run);
    this.all = drawn(
      "g",
      {
        class: "node", tabindex: 0, role: "button",
        "aria-label": `${node.name}, ${node.type}`, "data-tip": this.about,
        onclick: () => choose(node.name), onkeydown: (event) => pressed(event, () => choose(node.name)),
      },
      this.body,
      text(LEFT, TITLE_Y, "title", clipped(node.name, 13)),
      text(LEFT, TYPE_Y, "type", clipped((elsewhere ? `${node.place}: ` : "") + node.type, 20)),
      ...Object.values(this.texts), this.load, ...this.ports.flat(),
    );
    this.move(where);
  }

  /** Put it elsewhere, and make it as high as it is there. */
  move({ x, y, height }) {
    place(this.all, { transform: `translate(${x} ${y})` });
    place(this.body, { height });
    place(this.load, { y: height - 3 });
    for (const side of this.ports) {
      side.forEach((port, index) => place(port, { cy: portY(height, index, side.length) }));
    }
  }

  /** Show what was counted. */
  show(counted, rates) {
    const { texts, node } = this;
    const rate = rates.calls(node.name);
    write(texts.rate, `${rateText(rate, 9.5)}/s`);
    write(texts.time, counted.p50_us === null ? "" : `${msText(counted.p50_us)} ms`);
    const latency = node.inputs.length ? latencyText(counted, "/") : "–"; // a source is ahead of its media time
    write(texts.waits, latency === "–" ? "" : "latency");
    write(texts.latency, latency === "–" ? "" : latency.replace(" ms", ""));
    if (node.inputs.length) this.#showWork(rates.work(node.name) ?? 0); // a source may wait for its device in its call
    this.#showCounts(Object.entries(counted.counts));
    this.all.classList.toggle("idle", rate === 0);
  }

  /** Mark it as the one whose dials are looked at, or not. */
  mark(chosen) {
    this.all.classList.toggle("chosen", chosen);
  }

  #showWork(work) {
    write(this.texts.percent, work >= 0.005 ? `${Math.round(work * 100)} %` : "");
    this.load.setAttribute("width", (Math.min(1, work) * NODE_WIDTH).toFixed(1));
    this.load.classList.toggle("high", work > FULL);
  }

  #showCounts(counts) {
    const some = counts.filter(([, count]) => count !== 0).sort(([one], [other]) => isLoss(other) - isLoss(one));
    write(this.texts.counts, clipped(some.map(([what, count]) => `${what} ${count}`).join(" · "), 18));
    this.texts.counts.classList.toggle("lossy", some.some(([what]) => isLoss(what)));
    this.all.dataset.tip = [this.about, ...counts.map(([what, count]) => `${what}: ${count}`)].join("\n");
  }
}

function text(x, y, style, words = "") {
  return drawn("text", { x, y, class: style }, words);
}

/** The dots of its inputs, and those of its outputs. */
function ports(node, run) {
  const linked = new Set(run.links.flatMap((link) => [`>${link.to}`, `<${link.from}`]));
  const dot = (x, side, name) =>
    drawn("circle", {
      cx: x, r: 3.2, "data-tip": name,
      class: linked.has(`${side}${node.name}.${name}`) ? "port" : "port free",
    });
  return [
    node.inputs.map((name) => dot(0, ">", name)),
    node.outputs.map(({ name }) => dot(NODE_WIDTH, "<", name)),
  ];
}

function pressed(event, act) {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  act();
}

function clipped(words, most) {
  return words.length > most ? `${words.slice(0, most - 1)}…` : words;
}
