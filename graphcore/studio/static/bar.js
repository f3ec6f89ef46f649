// The bar on top: how the run stands, its figures, and what acts on all of it.
import { announce, the, write } from "./element.js";
import { latencyOf, latencyText, lostIn, rateText, timeText } from "./rates.js";

const STALLED_S = 2.5;
const BEHIND_S = 2;
const SURE_MS = 3000;
const SHOWN_MS = 500;
const TOLD_MS = 6000;
const WELL = ["", "done", "interrupted"]; // ends that nobody needs to be warned of
const WORDS = { lost: "no connection" }; // states that are not their own words

/** State, figures, Interrupt, Record, Stop. */
export class Bar {
  #position = -1;
  #movedAt = 0;
  #recordingSince = 0;

  constructor(connection) {
    this.connection = connection;
    this.ended = null;
    the("interrupt").addEventListener("click", () => this.interrupt());
    the("stop").addEventListener("click", () => this.#stop());
    the("record").addEventListener("click", () => this.record());
  }

  /** Take another graph, and the dials that record. */
  take(run, recorders) {
    this.run = run;
    this.recorders = recorders;
    this.ended = null;
    this.#position = -1;
    the("banner").hidden = true;
    write(the("name"), run.name);
    document.title = `${run.name} · graphcore studio`;
    the("record").hidden = recorders.length === 0;
    the("stop").disabled = the("interrupt").disabled = false;
  }

  /** Show the newest figures; `shown` is the output of the picture. */
  show(stats, rates, shown) {
    this.#state(this.#stateOf(stats));
    const whole = stats.expected_s ? ` / ${timeText(stats.expected_s)}` : "";
    write(the("time"), timeText(stats.position_s) + (this.run.live ? "" : whole));
    write(the("rate"), shown ? rateText(rates.packets(shown.node, shown.name)) : "–");
    const node = shown && latencyOf(stats, this.run, shown.node);
    write(the("latency"), latencyText(node ?? {}));
    const lost = lostIn(stats);
    write(the("lost"), String(lost));
    the("lost").toggleAttribute("data-some", lost > 0);
    this.#showRecording();
    if (stats.ended !== null) this.end(stats.ended);
  }

  /** The run is over: say how. */
  end(text) {
    if (this.ended !== null) return;
    this.ended = text;
    this.#state("ended");
    the("stop").disabled = the("interrupt").disabled = true;
    const well = WELL.includes(text);
    this.#tell(well ? "The run has ended. This page takes up the next one that is served here." : text, 0, well);
  }

  /** The server does not answer. */
  lose() {
    if (this.ended === null) this.#state("lost");
  }

  /** Forget all speech that waits. */
  async interrupt() {
    if (this.ended !== null) return;
    const button = the("interrupt");
    try {
      await this.connection.post("api/interrupt");
      announce("interrupted");
      button.dataset.done = "";
      setTimeout(() => delete button.dataset.done, SHOWN_MS);
    } catch (error) {
      this.#tell(error.message, TOLD_MS);
    }
  }

  /** Begin to record, or end it. */
  record() {
    if (this.recorders.length === 0) return;
    const on = !this.recorders.some((dial) => dial.value === true);
    this.recorders.forEach((dial) => dial.turn(on));
    this.#showRecording();
    announce(on ? "recording" : "recording ended");
  }

  #showRecording() {
    const on = this.recorders.some((dial) => dial.value === true);
    if (!on) this.#recordingSince = 0;
    else if (this.#recordingSince === 0) this.#recordingSince = performance.now();
    the("record").setAttribute("aria-pressed", on);
    const seconds = (performance.now() - this.#recordingSince) / 1000;
    write(the("record").lastElementChild, on ? timeText(seconds).replace(/\.\d$/, "") : "Record");
  }

  #stop() {
    const button = the("stop");
    const calm = () => {
      delete button.dataset.sure;
      write(button, "Stop");
    };
    if (button.dataset.sure === undefined) {
      button.dataset.sure = "";
      write(button, "Stop now?");
      setTimeout(calm, SURE_MS);
      return;
    }
    calm();
    this.connection.post("api/stop").catch((error) => this.#tell(error.message, TOLD_MS));
  }

  #tell(text, forMs, well = false) {
    the("banner").textContent = text;
    the("banner").toggleAttribute("data-well", well);
    the("banner").hidden = false;
    if (forMs) setTimeout(() => (the("banner").hidden = this.ended === null), forMs);
  }

  #stateOf(stats) {
    if (this.ended !== null) return "ended";
    if (!stats.opened) return "preparing";
    if (stats.position_s !== this.#position) {
      this.#position = stats.position_s;
      this.#movedAt = stats.wall_s;
    }
    if (!this.run.live) return "running";
    if (stats.wall_s - this.#movedAt > STALLED_S) return "stalled";
    return stats.wall_s - stats.open_s - stats.position_s > BEHIND_S ? "behind" : "live";
  }

  #state(state) {
    const badge = the("state");
    if (badge.dataset.state === state) return;
    badge.dataset.state = state;
    write(badge.lastElementChild, WORDS[state] ?? state);
    document.body.dataset.state = state;
  }
}
