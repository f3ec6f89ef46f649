// The WebSocket: what comes is taken apart, and a server that is gone is tried again for ever.

const HEAD = 24; // bytes; the layout stands in browser_wire_model.py
const PICTURE = 1;
const AGAIN_MS = 500;
const PING_MS = 1000;
const PINGS = 60; // of which the quickest tells how the clocks stand

export class Line {
  constructor(takers, muted) {
    this.takers = takers;
    this.muted = muted;
    this.pings = [];
    this.connects = 0;
    this.connect();
    setInterval(() => this.ping(), PING_MS);
  }

  // How far the server's clock is ahead of performance.now(), in ms; undefined before the first ping.
  get ahead() {
    const [first, ...others] = this.pings;
    return others.reduce((best, each) => (each.took < best.took ? each : best), first)?.ahead;
  }

  say(words) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(words));
  }

  connect() {
    const address = new URL(`socket${location.search}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    if (!this.muted) address.searchParams.delete("mute");
    this.socket = new WebSocket(address);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.opened();
    this.socket.onmessage = ({ data }) => (typeof data === "string" ? this.hear(JSON.parse(data)) : this.take(data));
    this.socket.onclose = () => setTimeout(() => this.connect(), AGAIN_MS);
  }

  opened() {
    this.connects += 1;
    this.pings = [];
    this.takers.opened();
    this.ping();
  }

  ping() {
    this.say({ ping: performance.now() });
  }

  hear(words) {
    if (words.forget) this.takers.forget();
    if (words.pong !== undefined) {
      const now = performance.now();
      const took = now - words.pong;
      this.pings = [...this.pings.slice(1 - PINGS), { took, ahead: words.clock * 1000 - (now - took / 2) }];
    }
  }

  take(data) {
    const head = new DataView(data, 0, HEAD);
    const number = head.getUint32(4, true);
    const message = { time: head.getFloat64(8, true), came: head.getFloat64(16, true) * 1000 };
    if (head.getUint8(0) === PICTURE) {
      const colour = new Uint8Array(data, HEAD, number);
      const matte = new Uint8Array(data, HEAD + number);
      this.takers.picture({ ...message, colour, matte });
    } else {
      this.takers.sound({ ...message, rate: number, channels: head.getUint8(1), samples: new Int16Array(data, HEAD) });
    }
  }
}
