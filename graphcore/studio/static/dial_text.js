// Text that is sent by Enter: a value that stays, or (a param named `line`) one more line each time.
import { announce, element } from "./element.js";

const REMEMBERED = 50;

/** Whether a param takes line after line, as something to say, instead of keeping a value. */
export function takesLines(param) {
  return param.live && param.kind === "str" && param.name === "line";
}

/** The control of a str or list param. */
export function textDial(dial) {
  const { param } = dial;
  const put = (value) => (value === null ? "" : Array.isArray(value) ? value.join(", ") : String(value));
  const field = element("input", {
    type: "text", id: dial.id, autocomplete: "off", spellcheck: "false", "aria-describedby": `${dial.id}-doc`,
    placeholder: param.optional ? "none" : "",
    onkeydown: (event) => {
      if (event.key === "Enter") dial.turn(read(param, field.value));
      if (event.key === "Escape" && field.value !== put(dial.value)) {
        event.stopPropagation();
        field.value = put(dial.value);
      }
    },
    onblur: () => field.value !== put(dial.value) && dial.turn(read(param, field.value)),
  });
  if (takesLines(param)) return { ...sayLine(dial), wide: true };
  return { parts: [field], wide: true, show: (value) => (field.value = put(value)) };
}

/** A line to say, with a memory: the arrows bring back what was said before. */
export function sayLine(dial) {
  const said = [];
  let at = 0;
  const field = element("input", {
    type: "text", id: dial.id, autocomplete: "off", placeholder: `Say something`, "aria-label": `a line for ${dial.node}`,
    "data-key": "L",
    onkeydown: (event) => {
      if (event.key === "Enter") send();
      if (event.key === "ArrowUp" || event.key === "ArrowDown") recall(event);
    },
  });
  const recall = (event) => {
    event.preventDefault();
    at = Math.min(said.length, Math.max(0, at + (event.key === "ArrowUp" ? -1 : 1)));
    field.value = said[at] ?? "";
  };
  const send = async () => {
    const text = field.value.trim();
    if (text === "") return;
    field.value = "";
    said.push(text);
    said.splice(0, said.length - REMEMBERED);
    at = said.length;
    await dial.connection.set(dial.node, dial.param.name, text).then(
      () => (dial.complain(""), announce(`sent: ${text}`)),
      (error) => (dial.complain(error.message), (field.value = text)),
    );
  };
  const button = element("button", { type: "button", onclick: send }, "Say");
  return { parts: [element("span", { class: "line" }, field, button)], show: () => undefined };
}

function read(param, text) {
  if (text === "" && param.optional) return null;
  if (param.kind !== "list") return text;
  const parts = text.split(",").map((part) => part.trim()).filter((part) => part !== "");
  return parts.every((part) => part !== "" && Number.isFinite(Number(part))) ? parts.map(Number) : parts;
}
