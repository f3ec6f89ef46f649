// What is measured while the page runs; shown with ?stats=1.

const KEPT = 500; // pictures
const SHOW_MS = 500;

export class Figures {
  constructor(element, shown) {
    this.element = element;
    this.latencies = []; // ms from the node to the canvas
    this.leads = []; // ms that a picture is drawn before its sound is heard
    this.times = [];
    this.count = 0;
    element.hidden = !shown;
    if (shown) setInterval(() => this.write(), SHOW_MS);
  }

  drawn(picture, at, line, sound, pictures) {
    this.count += 1;
    if (line.ahead !== undefined) keep(this.latencies, at + line.ahead - picture.came);
    const heard = sound.heardAt(picture.time);
    if (heard !== undefined) keep(this.leads, heard - at);
    keep(this.times, at);
    this.sources = { sound, pictures };
  }

  write() {
    const { sound, pictures } = this.sources ?? {};
    const since = performance.now() - 1000;
    const rows = [
      `pictures a second ${this.times.filter((at) => at > since).length}, left out ${pictures?.late ?? 0}`,
      `node to canvas, ms ${spread(this.latencies)}`,
      `picture before sound, ms ${spread(this.leads)}`,
      `sound: gaps ${sound?.gaps ?? 0}, skipped ${sound?.skipped ?? 0}`,
    ];
    this.element.textContent = rows.join("\n");
  }
}

export function spread(values) {
  if (!values.length) return "-";
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0);
  return `${at(0.5)} (p95 ${at(0.95)})`;
}

function keep(values, value) {
  values.push(value);
  if (values.length > KEPT) values.shift();
}
