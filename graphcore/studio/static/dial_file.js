// A file: those that were uploaded before, one more by the button, or dropped on the row.
import { announce, element } from "./element.js";

const PREVIEW_PX = 44;

/** The control of a file param. */
export function fileDial(dial) {
  const choice = new FileChoice(dial);
  acceptDrops(dial.row, (file) => choice.take(file));
  dial.takeFile = (file) => choice.take(file);
  return { parts: [choice.cell], wide: true, show: (value) => choice.show(value) };
}

class FileChoice {
  #names = new Set();

  constructor(dial) {
    this.dial = dial;
    this.list = element("select", {
      id: dial.id, "aria-describedby": `${dial.id}-doc`,
      onchange: () => dial.turn(this.list.value || null), onfocus: () => this.#refresh(),
    });
    this.preview = element("canvas", { width: PREVIEW_PX, height: PREVIEW_PX, hidden: true, "aria-hidden": "true" });
    this.input = element("input", {
      type: "file", class: "unseen", tabindex: -1, "aria-hidden": "true",
      onchange: () => this.input.files.length && this.take(this.input.files[0]),
    });
    const browse = () => this.input.click();
    const upload = { type: "button", "data-tip": "Or drop a file here", onclick: browse };
    this.button = element("button", upload, "Upload…");
    this.cell = element("span", { class: "file-cell" }, this.preview, this.list, this.button, this.input);
  }

  /** Show a value, and what else could be chosen. */
  show(value) {
    if (value !== null) this.#names.add(String(value));
    const option = (name, words) => element("option", { value: name, selected: name === (value ?? "") }, words);
    const none = value === null || this.dial.param.optional ? [option("", "none")] : [];
    this.list.replaceChildren(...none, ...[...this.#names].map((name) => option(name, name.split("/").at(-1))));
  }

  /** Send a file, and turn the dial to it. */
  async take(file) {
    this.button.disabled = true;
    this.dial.complain("");
    try {
      const name = await this.dial.connection.upload(file);
      drawInto(this.preview, file);
      this.dial.turn(name);
      announce(`${name} was sent`);
    } catch (error) {
      this.dial.complain(error.message);
    }
    this.button.disabled = false;
    this.input.value = "";
  }

  async #refresh() {
    const { files } = await this.dial.connection.get("api/files").catch(() => ({ files: [] }));
    const before = this.#names.size;
    files.forEach((name) => this.#names.add(name));
    if (this.#names.size > before) this.show(this.dial.value);
  }
}

/** Let a place of the page take dropped files. */
export function acceptDrops(target, take) {
  let inside = 0;
  const mark = (change) => {
    inside = change === 0 ? 0 : Math.max(0, inside + change);
    target.toggleAttribute("data-dropping", inside > 0);
  };
  const holdsFile = (event) => event.dataTransfer?.types.includes("Files");
  target.addEventListener("dragenter", (event) => holdsFile(event) && mark(1));
  target.addEventListener("dragleave", (event) => holdsFile(event) && mark(-1));
  target.addEventListener("dragover", (event) => holdsFile(event) && event.preventDefault());
  target.addEventListener("drop", (event) => {
    mark(0);
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
}

async function drawInto(canvas, file) {
  canvas.hidden = true;
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (bitmap === null) return;
  const side = Math.min(bitmap.width, bitmap.height);
  const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 4];
  canvas.getContext("2d").drawImage(bitmap, x, y, side, side, 0, 0, PREVIEW_PX, PREVIEW_PX);
  canvas.hidden = false;
  bitmap.close();
}
