// What happens in a second, from counts that only grow.
const SPAN_S = 2;

/** Keeps the statistics of the last two seconds. */
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
    return this.#change((stats) => stats.nodes[name]?.total_ms) / 1000;
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
    if (first === last || last.wall_s <= first.wall_s) return 0;
    return Math.max(0, (count(last) ?? 0) - (count(first) ?? 0)) / (last.wall_s - first.wall_s);
  }
}

const LOST = /drop|lost|late|underrun/;

/** How much was lost so far: on links, and by nodes that count it. */
export function lostIn(stats) {
  let lost = stats.links.reduce((sum, row) => sum + row.dropped + row.late, 0);
  for (const node of Object.values(stats.nodes)) {
    for (const [what, count] of Object.entries(node.counts ?? {})) if (LOST.test(what)) lost += count;
  }
  return lost;
}

/** A rate as text: `50`, `24.8`, `0.5`. */
export function rateText(rate) {
  return rate >= 100 || Math.abs(rate - Math.round(rate)) < 0.05 ? String(Math.round(rate)) : rate.toFixed(1);
}

/** Microseconds as milliseconds: `7.4`, `120`; `–` where there is nothing. */
export function msText(us) {
  if (us === null || us === undefined) return "–";
  const ms = us / 1000;
  return ms < 0.095 ? ms.toFixed(2) : ms < 9.95 ? ms.toFixed(1) : String(Math.round(ms));
}

/** Seconds as `0:07.4` or `1:02:03`. */
export function timeText(seconds) {
  const whole = Math.max(0, seconds);
  const minutes = Math.floor(whole / 60);
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  if (minutes >= 60) return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  return `${minutes}:${two(whole % 60)}.${Math.floor((whole * 10) % 10)}`;
}
