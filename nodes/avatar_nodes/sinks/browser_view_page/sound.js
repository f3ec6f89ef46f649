// Sound: each piece is played where the one before it ends, and tells when a media time is heard.
//
// A piece waits `buffer` ms at least before it is played. The server's clock and the sound card's drift apart, so
// pieces are made longer or shorter by a few samples; what has piled up after a stall is cut where it is silent.

import { asBuffer } from "./samples.js";

const BUFFER_MS = 30;
const MOST_S = 0.5; // that waits to be played; beyond it the rest is skipped
const WINDOW_S = 2; // in which the shortest wait is looked for
const SLACK_S = 0.005; // that the shortest wait may differ from `buffer` before anything is done
const STRETCH = 0.004; // of a piece's samples, at most
const SILENT = 50; // of 32768
const FADE_S = 0.005;
const GAP_S = 0.002; // between pieces that belong together
const EVEN = 0.02; // how much of a new measurement of the card's clock counts
const JUMP_MS = 50; // that it may differ before it counts whole
const BLOCKED_MS = 1000; // that it takes to know that the browser wants a click first

export class Sound {
  constructor(buffer = BUFFER_MS) {
    this.buffer = buffer / 1000;
    this.context = undefined;
    this.frame = undefined; // of the context: where the next piece begins
    this.gaps = 0; // times that nothing was there to be played
    this.skipped = 0; // pieces left out to catch up
  }

  get playing() {
    return this.context?.state === "running";
  }

  // Whether there is sound, and the browser plays it only after a click.
  get blocked() {
    return this.context?.state === "suspended" && performance.now() - this.openedAt > BLOCKED_MS;
  }

  async resume() {
    await this.context?.resume();
  }

  // Throw away what is not played yet.
  forget() {
    if (this.context === undefined) return;
    const now = this.context.currentTime;
    this.gain.gain.setTargetAtTime(0, now, FADE_S / 3);
    for (const source of this.sources) source.stop(now + 2 * FADE_S);
    this.newGain();
    this.frame = this.offset = undefined;
  }

  // When a media time (s) is heard, as performance.now() counts; undefined while nothing is played.
  heardAt(time) {
    if (!this.playing || this.offset === undefined) return undefined;
    return (time + this.offset) * 1000 + this.contextStart();
  }

  take({ time, rate, channels, samples }) {
    if (this.context?.sampleRate !== rate) this.open(rate);
    if (!this.playing) return;
    const length = samples.length / channels;
    if (this.frame === undefined || Math.abs(time - this.end) > GAP_S) this.place(time);
    this.end = time + length / rate;
    this.offset = this.frame / rate - time;
    this.keepUp(time);
    if (this.skips(length / rate, samples)) return;
    const wished = this.stretched(length);
    this.play(asBuffer(this.context, samples, channels, wished));
    this.frame += wished;
  }

  open(rate) {
    this.context?.close();
    this.context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
    this.openedAt = performance.now();
    this.frame = this.offset = this.start = undefined;
    this.newGain();
  }

  newGain() {
    this.gain = new GainNode(this.context);
    this.gain.connect(this.context.destination);
    this.sources = new Set();
  }

  // The first piece, and one after a pause: keep to the times as they were where that leaves it a good wait.
  place(time) {
    const soonest = this.context.currentTime + this.buffer;
    const known = this.offset === undefined ? -1 : time + this.offset;
    this.begin(known >= soonest && known < soonest + this.buffer ? known : soonest);
  }

  begin(at) {
    this.frame = Math.round(at * this.context.sampleRate);
    this.waits = [];
  }

  // Note how long a piece waits; one that comes too late is played a little later, and so is what follows.
  keepUp(time) {
    const now = this.context.currentTime;
    if (time + this.offset < now) {
      this.gaps += 1;
      this.begin(now + this.buffer);
      this.offset = now + this.buffer - time;
    }
    this.waits.push({ now, wait: time + this.offset - now });
    while (this.waits[0].now < now - WINDOW_S) this.waits.shift();
    this.shortest = Math.min(...this.waits.map(({ wait }) => wait));
  }

  // Whether a piece is left out, since too much waits.
  skips(seconds, samples) {
    const tooLong = this.shortest > 2 * this.buffer + seconds;
    const silent = () => samples.every((sample) => Math.abs(sample) < SILENT);
    if (this.waits.at(-1).wait < MOST_S && !(tooLong && silent())) return false;
    this.skipped += 1;
    for (const each of this.waits) each.wait -= seconds;
    return true;
  }

  // How many samples a piece is made of, so that the shortest wait comes back to `buffer`.
  stretched(length) {
    const missing = this.buffer - this.shortest;
    if (Math.abs(missing) < SLACK_S) return length;
    return length + Math.sign(missing) * Math.max(1, Math.floor(length * STRETCH));
  }

  play(buffer) {
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(this.gain);
    source.start(this.frame / this.context.sampleRate);
    const { sources } = this;
    sources.add(source);
    source.onended = () => sources.delete(source);
  }

  // performance.now() when the context's time was 0, as it is heard; evened out.
  contextStart() {
    const { contextTime, performanceTime } = this.context.getOutputTimestamp();
    const { currentTime, outputLatency } = this.context;
    const known = contextTime > 0 && performanceTime > 0;
    const measured = known
      ? performanceTime - contextTime * 1000
      : performance.now() - (currentTime - (outputLatency || 0)) * 1000;
    if (this.start === undefined || Math.abs(measured - this.start) > JUMP_MS) this.start = measured;
    this.start += EVEN * (measured - this.start);
    return this.start;
  }
}
