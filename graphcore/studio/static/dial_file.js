// A file: those that were uploaded before, one more by the button, or dropped on the row.
import { announce, element } from "./element.js";

const PREVIEW_PX = 44;

/** The control of a file param. */
export function fileDial(dial) {
  const list = element("select", { id: dial.id, "aria-describedby": `${dial.id}-doc`, onchange: () => dial.turn(list.value) });
  const input = element("input", { type: "file", class: "unseen", tabindex: -1, "aria-hidden": "true" });
  const preview = element("canvas", { width: PREVIEW_PX, height: PREVIEW_PX, hidden: true, "aria-hidden": "true" });
  const button = element("button", { type: "button", "data-tip": "Or drop a file here", onclick: () => input.click() }, "Upload…");
  input.addEventListener("change", () => input.files[0] && take(input.files[0]));
  const names = new Set();
  const show = (value) => {
    if (value !== null) names.add(String(value));
    const options = [...names].map((name) => element("option", { value: name, selected: name === value }, base(name)));
    if (value === null || dial.param.optional) options.unshift(element("option", { value: "", disabled: true, selected: value === null }, "none"));
    list.replaceChildren(...options);
  };
  const take = async (file) => {
    button.disabled = true;
    dial.complain("");
    try {
      const name = await dial.connection.upload(file);
      names.add(name);
      draw(file, preview);
      dial.turn(name);
      announce(`${name} was sent`);
    } catch (error) {
      dial.complain(error.message);
    }
    button.disabled = false;
    input.value = "";
  };
  const refresh = async () => {
    const { files } = await dial.connection.get("api/files").catch(() => ({ files: [] }));
    const before = names.size;
    files.forEach((name) => names.add(name));
    if (names.size > before) show(dial.value);
  };
  list.addEventListener("focus", refresh);
  acceptDrops(dial.row, take);
  dial.takeFile = take;
  return { parts: [element("span", { class: "file-cell" }, preview, list, button, input)], wide: true, show };
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

function base(path) {
  return path.split("/").at(-1);
}

async function draw(file, canvas) {
  canvas.hidden = true;
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (bitmap === null) return;
  const side = Math.min(bitmap.width, bitmap.height);
  const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 4];
  canvas.getContext("2d").drawImage(bitmap, x, y, side, side, 0, 0, PREVIEW_PX, PREVIEW_PX);
  canvas.hidden = false;
  bitmap.close();
}
