// The live picture: the newest JPEG of one output, decoded beside the page and put on a canvas.
import { element, the, write } from "./element.js";
import { ordered } from "./order.js";

const NONE = "no picture can be seen here: this graph makes none, or makes them in another place";
const RETRY_MS = 1000;
const WIDTH_STEP = 160; // px; asked for anew only where the picture has grown or shrunk by that
const MOST_PX = 1280;

/** Shows one output of the graph at a time, and only while somebody can see it. */
export class Picture {
  #socket = null;
  #decoding = false;
  #newest = null;
  #retry = 0;
  #asked = 0; // px
  #connected = false;

  constructor(connection) {
    this.connection = connection;
    this.canvas = the("canvas");
    this.paint = this.canvas.getContext("bitmaprenderer");
    this.outputs = [];
    this.output = null; // {node, name}, of those
    this.paused = false;
    the("output").addEventListener("change", () => this.choose(this.outputs[the("output").selectedIndex]));
    the("pause").addEventListener("click", () => this.pause(!this.paused));
    the("full").addEventListener("click", () => this.fill());
    document.addEventListener("visibilitychange", () => this.#look());
    new ResizeObserver(() => this.#resized()).observe(this.canvas);
  }

  /** Take another graph: the last picture that it makes is shown first. */
  take(run) {
    this.outputs = ordered(run).flatMap((node) =>
      node.outputs.filter((output) => output.picture).map((output) => ({ node: node.name, name: output.name })),
    );
    const labels = this.outputs.map((output) => element("option", {}, `${output.node}.${output.name}`));
    the("output").replaceChildren(...labels);
    the("output").hidden = labels.length < 2;
    this.canvas.dataset.empty = "";
    this.choose(this.outputs.at(-1) ?? null);
  }

  /** Show this output. */
  choose(output) {
    this.output = output;
    the("output").selectedIndex = this.outputs.indexOf(output);
    this.canvas.setAttribute("aria-label", output ? `live picture of ${output.node}.${output.name}` : "no picture");
    this.#say(output ? "waiting for the first picture" : NONE);
    this.#close();
    this.#look();
  }

  /** Whether the server is there: else nothing is asked for. */
  connect(connected) {
    this.#connected = connected;
    this.#look();
  }

  /** Stop showing, or go on; the graph runs either way. */
  pause(paused) {
    this.paused = paused;
    the("pause").setAttribute("aria-pressed", paused);
    write(the("pause"), paused ? "Go on" : "Pause");
    this.#look();
  }

  /** Fill the screen, or come back. */
  fill() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.querySelector(".screen").requestFullscreen?.();
  }

  #look() {
    const wanted = this.#connected && this.output !== null && !this.paused && !document.hidden;
    if (!wanted) this.#close();
    else if (this.#socket === null) this.#open();
  }

  #open() {
    clearTimeout(this.#retry);
    this.#asked = this.#widthPx();
    const { node, name } = this.output;
    const socket = this.connection.pictures(node, name, this.#asked);
    this.#socket = socket;
    let served = false;
    socket.onopen = () => (served = true);
    socket.onmessage = (message) => this.#take(message.data);
    socket.onclose = ({ reason }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (reason) this.#say(reason);
      else if (!served) this.#askWhy(node, name);
      this.#retry = setTimeout(() => this.#look(), RETRY_MS);
    };
  }

  #close() {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  async #askWhy(node, name) {
    if (!this.#connected) return;
    const path = `api/pictures/${encodeURIComponent(node)}/${encodeURIComponent(name)}`;
    await this.connection.get(path).catch((error) => this.canvas.dataset.empty === "" && this.#say(error.message));
  }

  async #take(blob) {
    this.#newest = blob;
    if (this.#decoding) return;
    this.#decoding = true;
    while (this.#newest !== null) {
      const next = this.#newest;
      this.#newest = null;
      await createImageBitmap(next).then((bitmap) => this.#draw(bitmap), () => undefined);
    }
    this.#decoding = false;
  }

  #draw(bitmap) {
    const size = `${bitmap.width} × ${bitmap.height}`;
    this.paint.transferFromImageBitmap(bitmap);
    if (this.canvas.dataset.empty === undefined && the("size").textContent === size) return;
    delete this.canvas.dataset.empty;
    write(the("size"), size);
    this.#say("");
  }

  #say(text) {
    write(the("screen-note"), text);
    the("screen-note").hidden = text === "";
  }

  #widthPx() {
    const shown = this.canvas.getBoundingClientRect().width * Math.min(devicePixelRatio, 2);
    return Math.min(MOST_PX, Math.max(1, Math.ceil(shown / WIDTH_STEP)) * WIDTH_STEP);
  }

  #resized() {
    if (this.#socket === null || this.#widthPx() <= this.#asked) return;
    this.#close();
    this.#look();
  }
}
