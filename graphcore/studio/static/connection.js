// What the page asks the server, and what the server tells the page.
const RETRY_MS = [300, 700, 1500, 3000];

/** The studio's API. Dispatches `opened`, `closed`, `stats`, `param` and `ended`, with what was told in `detail`. */
export class Connection extends EventTarget {
  #failures = 0;

  /** GET, as JSON; an Error has the server's words. */
  async get(path) {
    return this.#ask(path, {});
  }

  /** POST; the answer as JSON. */
  async post(path, body = null) {
    return this.#ask(path, { method: "POST", body });
  }

  /** Set a live param; resolves to the value as the graph took it. */
  async set(node, param, value) {
    const path = `api/nodes/${encodeURIComponent(node)}/params/${encodeURIComponent(param)}`;
    const headers = { "Content-Type": "application/json" };
    return (await this.#ask(path, { method: "PUT", headers, body: JSON.stringify({ value }) })).value;
  }

  /** Send a file; resolves to its name, which a file param takes. */
  async upload(file) {
    return (await this.post(`api/files?name=${encodeURIComponent(file.name)}`, file)).file;
  }

  /** A socket that brings JPEGs of one output. */
  pictures(node, output, width) {
    const path = `api/pictures/${encodeURIComponent(node)}/${encodeURIComponent(output)}?width=${width}`;
    const socket = new WebSocket(new URL(path, document.baseURI));
    socket.binaryType = "blob";
    return socket;
  }

  /** Listen from now on; comes back by itself after the server was away. */
  listen() {
    const socket = new WebSocket(new URL("api/events", document.baseURI));
    socket.onopen = () => {
      this.#failures = 0;
      this.#tell("opened", null);
    };
    socket.onmessage = (message) => {
      for (const [kind, told] of Object.entries(JSON.parse(message.data))) this.#tell(kind, told);
    };
    socket.onclose = () => {
      this.#tell("closed", null);
      setTimeout(() => this.listen(), RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)]);
    };
  }

  async #ask(path, options) {
    const answer = await fetch(new URL(path, document.baseURI), options);
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.error ?? `the server answered ${answer.status}`);
    return told;
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

/** Sends the newest of many values, one at a time: a slider that is dragged floods nobody. */
export class Sender {
  #busy = false;
  #next = null;

  constructor(send, pauseMs = 40) {
    this.send = send;
    this.pauseMs = pauseMs;
  }

  /** Whether something is still on its way. */
  get busy() {
    return this.#busy;
  }

  /** Send this value, now or once the one before has arrived. */
  async push(value) {
    this.#next = { value };
    if (this.#busy) return;
    this.#busy = true;
    while (this.#next !== null) {
      const { value: newest } = this.#next;
      this.#next = null;
      await this.send(newest);
      await new Promise((resolve) => setTimeout(resolve, this.pauseMs));
    }
    this.#busy = false;
  }
}
