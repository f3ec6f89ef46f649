// What happens in a second, from counts that only grow.
import { ends } from "./order.js";

const SPAN_S = 2;
const LONG_US = 9.95e6; // shown in seconds from here on
const LEAST_S = 0.7; // less says little

/** Keeps the statistics of the last two seconds; a rate is null until it is known. */
export class Rates {
  #kept = [];

  /** Take the newest statistics. */
  see(stats) {
    const newest = this.#kept.at(-1);
    if (newest && stats.wall_s < newest.wall_s) this.#kept = []; // another run
    stats.byLink = new Map(stats.links.map((row) => [row.link, row]));
    this.#kept.push(stats);
    while (this.#kept.length > 2 && stats.wall_s - this.#kept[1].wall_s >= SPAN_S) this.#kept.shift();
  }

  /** Calls a second of a node. */
  calls(name) {
    return this.#change((stats) => stats.nodes[name]?.calls);
  }

  /** How much of one core's time a node's calls take, 0 to 1. */
  work(name) {
    const ms = this.#change((stats) => stats.nodes[name]?.total_ms);
    return ms === null ? null : ms / 1000;
  }

  /** Packets a second of an output. */
  packets(name, output) {
    return this.#change((stats) => stats.nodes[name]?.outputs?.[output]?.packets);
  }

  /** Packets a second of a link, named as `a.out -> b.in`. */
  link(key) {
    return this.#change((stats) => stats.byLink.get(key)?.packets);
  }

  #change(count) {
    const first = this.#kept[0];
    const last = this.#kept.at(-1);
    if (last === undefined || last.wall_s - first.wall_s < LEAST_S) return null;
    return Math.max(0, (count(last) ?? 0) - (count(first) ?? 0)) / (last.wall_s - first.wall_s);
  }
}

/** Whether what a node counts by this name was lost; how many milliseconds were is no number of things. */
export function isLoss(what) {
  return /\b(dropped|lost|late|underruns?)\b/.test(what) && !/\bms\b/.test(what);
}

/** The node that says an output's latency: its own, or one before it that is later (this one may handle sound, too). */
export function latencyOf(stats, run, name) {
  const before = run.links.filter((link) => ends(link.to).node === name).map((link) => ends(link.from).node);
  const nodes = [name, ...before].map((each) => stats.nodes[each]);
  const known = nodes.filter((node) => Number.isFinite(node?.latency_p50_us));
  return known.reduce((latest, node) => (latest?.latency_p50_us >= node.latency_p50_us ? latest : node), null);
}

/** How much was lost so far: on links, and by nodes that count it. */
export function lostIn(stats) {
  let lost = stats.links.reduce((sum, row) => sum + row.dropped + row.late, 0);
  for (const node of Object.values(stats.nodes)) {
    for (const [what, count] of Object.entries(node.counts)) if (isLoss(what)) lost += count;
  }
  return lost;
}

/** A rate as text: `50`, `24.8`, `0.5`, whole from `wholeFrom` on; `–` where it is not known. */
export function rateText(rate, wholeFrom = 100) {
  if (rate === null) return "–";
  return rate >= wholeFrom || Math.abs(rate - Math.round(rate)) < 0.05 ? String(Math.round(rate)) : rate.toFixed(1);
}

/** Microseconds as milliseconds: `7.4`, `120`; `–` where there is nothing. */
export function msText(us) {
  if (us === null || us === undefined) return "–";
  const ms = us / 1000;
  const size = Math.abs(ms);
  return size < 0.095 ? ms.toFixed(2) : size < 9.95 ? ms.toFixed(1) : String(Math.round(ms));
}

/** Microseconds with their unit, `7.4 ms` or `12.1 s`. */
export function waitText(us) {
  if (us === null) return "–";
  return us < LONG_US ? `${msText(us)} ms` : `${(us / 1e6).toFixed(1)} s`;
}

/** p50 and p99 of a node's latency, as `106 / 180 ms` or `12.1 / 14.0 s`; `–` where there is none. */
export function latencyText({ latency_p50_us: half, latency_p99_us: most }, between = " / ") {
  if (typeof half !== "number") return "–";
  if (most < LONG_US) return `${msText(half)}${between}${msText(most)} ms`;
  return `${(half / 1e6).toFixed(1)}${between}${(most / 1e6).toFixed(1)} s`;
}

/** Seconds as `0:07.4` or `1:02:03`. */
export function timeText(seconds) {
  const whole = Math.max(0, seconds);
  const minutes = Math.floor(whole / 60);
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  if (minutes >= 60) return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  return `${minutes}:${two(whole % 60)}.${Math.floor((whole * 10) % 10)}`;
}
