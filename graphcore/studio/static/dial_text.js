// Text that is sent by Enter, or when the focus leaves it.
import { element } from "./element.js";

/** The control of a str or list param. */
export function textDial(dial) {
  const { param } = dial;
  const put = (value) => (value === null ? "" : Array.isArray(value) ? value.join(", ") : String(value));
  const send = () => field.value !== put(dial.value) && dial.turn(read(param, field.value));
  const field = element("input", {
    type: "text", id: dial.id, autocomplete: "off", spellcheck: "false", "aria-describedby": `${dial.id}-doc`,
    placeholder: param.optional ? "none" : "",
    onkeydown: (event) => {
      if (event.key === "Enter") send();
      if (event.key === "Escape" && field.value !== put(dial.value)) {
        event.stopPropagation(); // it takes back what was typed, and interrupts nobody
        field.value = put(dial.value);
      }
    },
    onblur: send,
  });
  const show = (value) => {
    if (document.activeElement !== field || field.value === "") field.value = put(value);
  };
  return { parts: [field], show };
}

function read(param, text) {
  if (text === "" && param.optional) return null;
  if (param.kind !== "list") return text;
  const parts = text.split(",").map((part) => part.trim()).filter((part) => part !== "");
  return param.item === "str" ? parts : parts.map((part) => (Number.isFinite(Number(part)) ? Number(part) : part));
}
