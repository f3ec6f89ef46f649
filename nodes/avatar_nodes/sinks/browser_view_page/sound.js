// Sound: each piece is played where the one before it ends, and tells when a media time is heard.
//
// A piece waits `buffer` ms at least before it is played; longer after some came too late, or where pictures do.
// The server's clock and the sound card's drift apart, so pieces are made longer or shorter by a few samples; what
// has piled up after a stall is cut where it is silent.

import { asBuffer } from "./samples.js";

const BUFFER_MS = 30;
const MOST_S = 0.5; // that waits to be played
const WINDOW_S = 2; // that is looked back at
const SLACK_S = 0.005; // too much or too little before anything is done
const MORE = 1.5; // times as long a wait, where sound came too late
const LESS = 0.002; // s that it becomes shorter again in a second
const ENOUGH = 10; // pictures, to know how late they come
const LATE_S = 0.06; // that pictures come too late before the sound is broken off to wait for them
const STRETCH = 0.2; // share of a piece's samples for each second too much or too little
const MOST_STRETCH = 0.01; // higher or lower by a sixth of a semitone
const SILENT = 50; // of 32768
const FADE_S = 0.005;
const GAP_S = 0.002; // between pieces that belong together
const EVEN = 0.02; // how much of a new measurement of the card's clock counts
const JUMP_MS = 50; // that it may differ before it counts whole
const BLOCKED_MS = 1000; // that it takes to know that the browser wants a click first

export class Sound {
  constructor(buffer = BUFFER_MS) {
    this.buffer = buffer / 1000;
    this.margin = this.buffer; // larger for a while after pieces that came too late
    this.context = undefined;
    this.frame = undefined; // of the context: where the next piece begins
    this.gaps = 0; // times that sound was broken off
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
    this.cut();
    this.frame = this.offset = undefined;
  }

  cut() {
    const now = this.context.currentTime;
    this.gain.gain.setTargetAtTime(0, now, FADE_S / 3);
    for (const source of this.sources) source.stop(now + 2 * FADE_S);
    this.newGain();
  }

  // When a media time (s) is heard, as performance.now() counts; undefined while nothing is played.
  heardAt(time) {
    if (!this.playing || this.offset === undefined) return undefined;
    return (time + this.offset) * 1000 + this.contextStart();
  }

  // A picture of this media time can be shown from now on.
  pictureCame(time) {
    const heard = this.heardAt(time);
    if (heard === undefined) return;
    const now = this.context.currentTime;
    this.slacks = [...recent(this.slacks, now), { now, slack: (heard - performance.now()) / 1000 }];
  }

  take({ time, rate, channels, samples }) {
    if (this.context?.sampleRate !== rate) this.open(rate);
    if (!this.playing) return;
    const length = samples.length / channels;
    if (this.frame === undefined || Math.abs(time - this.end) > GAP_S) this.place(time);
    this.end = time + length / rate;
    this.offset = this.frame / rate - time;
    this.margin = Math.max(this.buffer, this.margin - (LESS * length) / rate);
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

  // The first piece, and one after a pause: keep to the times as they were where that makes sense.
  place(time) {
    const soonest = this.context.currentTime + this.margin;
    const known = this.offset === undefined ? -1 : time + this.offset;
    this.begin(known >= soonest && known < soonest + MOST_S / 2 ? known : soonest);
  }

  begin(at) {
    this.frame = Math.round(at * this.context.sampleRate);
    this.waits = [];
    this.slacks = [];
  }

  // A piece that comes too late is played a little later, and so is what follows; so it is where pictures are late.
  // Where too much waits, since the page could not work for a while, it is thrown away.
  keepUp(time) {
    const now = this.context.currentTime;
    const slack = this.pictureSlack();
    const begins = time + this.offset;
    if (begins > now + MOST_S) this.cut();
    if (begins < now) this.margin = Math.min(this.margin * MORE, MOST_S / 2);
    if (begins < now || begins > now + MOST_S) this.goOn(time, now + this.margin);
    else if (slack < -LATE_S && slack > -MOST_S / 2) this.goOn(time, begins - slack);
    this.waits = [...recent(this.waits, now), { now, wait: time + this.offset - now }];
    this.surplus = Math.min(Math.min(...this.waits.map(({ wait }) => wait)) - this.margin, this.pictureSlack());
  }

  goOn(time, at) {
    this.gaps += 1;
    this.begin(at);
    this.offset = this.frame / this.context.sampleRate - time;
  }

  // How long pictures wait for their sound, as a rule (s).
  pictureSlack() {
    if (this.slacks.length < ENOUGH) return Infinity;
    return this.slacks.map(({ slack }) => slack).sort((one, other) => one - other)[this.slacks.length >> 1];
  }

  // Whether a piece is left out: it is silent, and more waits than need be.
  skips(seconds, samples) {
    if (this.surplus < this.margin + seconds || samples.some((sample) => Math.abs(sample) > SILENT)) return false;
    this.skipped += 1;
    for (const each of this.waits) each.wait -= seconds;
    for (const each of this.slacks) each.slack -= seconds;
    return true;
  }

  // How many samples a piece is made of, so that what waits too long or too short comes right.
  stretched(length) {
    if (Math.abs(this.surplus) < SLACK_S) return length;
    const share = Math.min(Math.abs(this.surplus) * STRETCH, MOST_STRETCH);
    return length - Math.sign(this.surplus) * Math.max(1, Math.floor(length * share));
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

function recent(noted, now) {
  return noted.filter((each) => each.now > now - WINDOW_S);
}
