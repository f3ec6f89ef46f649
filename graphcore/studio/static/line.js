// What is said while it runs: a live text param named `line` takes one more line each time.
import { announce, element } from "./element.js";

const REMEMBERED = 50;

/** Whether a param takes line after line, as something to say, instead of keeping a value. */
export function takesLines(param) {
  return param.live && param.kind === "str" && param.name === "line";
}

/** A field for the lines of one node; the arrows bring back what was said before. */
export function lineField(connection, node, param, named) {
  const said = [];
  let at = 0;
  const problem = element("p", { class: "problem", role: "alert", hidden: true });
  const complain = (words) => {
    problem.textContent = words;
    problem.hidden = words === "";
  };
  const field = element("input", {
    type: "text", autocomplete: "off", placeholder: named ? `Say something as ${node}` : "Say something",
    "aria-label": `a line for ${node}`, "data-tip": param.doc, "data-key": "L",
    onkeydown: (event) => {
      if (event.key === "Enter" && !event.isComposing) send();
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
    try {
      await connection.set(node, param.name, text);
      complain("");
      announce(`sent: ${text}`);
    } catch (error) {
      complain(error.message);
      field.value ||= text;
    }
  };
  const button = element("button", { type: "button", class: "accent", onclick: send }, "Say");
  return element("div", {}, element("div", { class: "line" }, field, button), problem);
}
