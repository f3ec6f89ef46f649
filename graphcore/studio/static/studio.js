// The studio: asks for the graph, builds the page from its declarations, and keeps it up to date.
import { Bar } from "./bar.js";
import { Chart } from "./chart.js";
import { Connection } from "./connection.js";
import { acceptDrops } from "./dial_file.js";
import { Dials } from "./dials.js";
import { the, write } from "./element.js";
import { GraphView } from "./graph.js";
import { startKeys } from "./keys.js";
import { lineField, takesLines } from "./line.js";
import { showNotices } from "./notices.js";
import { Picture } from "./picture.js";
import { latencyOf, lostIn, rateText, Rates, waitText } from "./rates.js";
import { startSplitter } from "./splitter.js";
import { startTheme, turnTheme } from "./theme.js";
import { startTips } from "./tip.js";

startTheme();
startTips();
startSplitter();

const connection = new Connection();
const dials = new Dials(connection);
const picture = new Picture(connection);
const bar = new Bar(connection);
const graph = new GraphView(chooseNode);
const charts = {
  rate: new Chart("frames/s", "Frames a second of the picture, over the last minute; red: something was lost"),
  latency: new Chart("latency", "Latency of the picture as it was, over the last minute"),
  work: new Chart("work", "Time that nodes spend in their calls, of one core, over the last minute; sources left out"),
};
let rates = new Rates();
let run = null;
let lostBefore = 0;

connection.addEventListener("opened", load);
connection.addEventListener("closed", () => {
  picture.connect(false);
  bar.lose();
});
connection.addEventListener("stats", (event) => run && show(event.detail));
connection.addEventListener("param", ({ detail }) => dials.named(detail.node, detail.param)?.told(detail.value));
connection.addEventListener("ended", (event) => bar.end(event.detail));
connection.listen();

async function load() {
  const loaded = await connection.get("api/run").catch(() => null);
  if (loaded === null) return; // it has gone again: `closed` is told
  const same = run !== null && bar.ended === null && shape(loaded) === shape(run);
  run = loaded;
  if (same) follow();
  else build();
  picture.connect(true);
}

/** The connection was lost for a moment: what was turned meanwhile is shown. */
function follow() {
  for (const node of run.nodes) for (const param of node.params) dials.named(node.name, param.name)?.told(param.value);
}

function build() {
  rates = new Rates();
  lostBefore = 0;
  dials.take(run);
  const records = ({ param }) => param.kind === "bool" && param.name === "recording";
  bar.take(run, [...dials.all.values()].filter(records));
  graph.take(run);
  picture.take(run);
  takeLines();
}

function shape(each) {
  return JSON.stringify([each.name, each.links, each.nodes.map((node) => [node.name, node.type, node.params.length])]);
}

function show(stats) {
  rates.see(stats);
  bar.show(stats, rates, picture.output);
  showNotices(stats.notices ?? [], stats.losses ?? []);
  showCharts(stats);
  if (!document.hidden) graph.show(stats, rates);
}

function showCharts(stats) {
  const lost = lostIn(stats);
  const loss = { lost: lost > lostBefore };
  lostBefore = lost;
  const { node, name } = picture.output ?? {};
  const rate = node ? rates.packets(node, name) : null;
  charts.rate.add(rate, { text: rateText(rate), top: run.frame_rate, level: run.frame_rate, ...loss });
  const us = (node && latencyOf(stats, run, node))?.latency_us ?? null;
  charts.latency.add(us === null ? null : us / 1000, { text: waitText(us), top: 50 });
  const works = run.nodes.filter((each) => each.inputs.length).map((each) => rates.work(each.name));
  const work = works.includes(null) ? null : works.reduce((sum, each) => sum + each, 0) * 100;
  charts.work.add(work, { text: work === null ? "–" : `${Math.round(work)} %`, top: 100, level: 100 });
}

function takeLines() {
  const found = run.nodes.flatMap((node) => node.params.filter(takesLines).map((param) => ({ node, param })));
  const fields = found.map(({ node, param }) => lineField(connection, node.name, param, found.length > 1));
  the("lines").replaceChildren(...fields);
}

function chooseNode(name) {
  graph.mark(name);
  dials.focus(name);
}

const fileDials = () => [...dials.all.values()].filter((dial) => dial.takeFile);
acceptDrops(document.querySelector(".screen"), (file) => fileDials()[0]?.takeFile(file));
document.addEventListener("dragenter", () => {
  const first = fileDials()[0];
  write(the("drop-here"), first ? `Drop it here for ${first.node}.${first.param.name}` : "No dial takes a file");
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => event.preventDefault());

startKeys([
  { keys: ["I", "Escape"], does: "interrupt: forget all speech that waits", act: () => bar.interrupt() },
  { keys: ["L"], does: "say something", act: () => the("lines").querySelector("input")?.focus() },
  { keys: ["R"], does: "record, or end it", act: () => bar.record() },
  { keys: ["P"], does: "pause the picture on this page", act: () => picture.pause(!picture.paused) },
  { keys: ["F"], does: "full screen", act: () => picture.fill() },
  { keys: ["/"], does: "find a dial", act: () => the("filter").focus() },
  { keys: ["D"], does: "to the dials", act: () => document.querySelector("#dials .row :is(input, select)")?.focus() },
  { keys: ["G"], does: "to the graph", act: () => document.querySelector("#graph .node")?.focus() },
  { keys: ["T"], does: "dark, light, or as the system has it", act: turnTheme },
  { keys: ["?"], does: "this list", act: () => the("keys").showModal() },
]);
