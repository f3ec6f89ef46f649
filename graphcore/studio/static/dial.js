// One live param: its row, what is sent when it is turned, and what it shows when somebody else turned it.
import { element, spoken } from "./element.js";
import { Sender } from "./connection.js";

const WORDS = { int: "a whole number", float: "a number", str: "text", file: "a file", bool: "on or off", list: "a list" };
const SHORT = 8; // letters of a unit that stands beside the name
const OWN_MS = 400; // for that long after a change of ours, older news of the same param are not shown

let made = 0;

/** The row of a live param. `control` builds the part that is special to its kind. */
export class Dial {
  #sender;
  #turned = 0;

  constructor(connection, node, param, control) {
    this.connection = connection;
    this.node = node;
    this.param = param;
    this.value = param.value;
    this.id = `dial-${made++}`;
    this.#sender = new Sender((value) => this.#send(value));
    this.problem = element("p", { class: "problem", role: "alert", hidden: true });
    this.reset = element("button", {
      type: "button", class: "reset", "aria-label": `${spoken(param.name)}: back to ${text(param.default)}`,
      "data-tip": `Back to ${text(param.default)}`, onclick: () => this.toDefault(),
    }, "↺");
    const about = element("span", { id: `${this.id}-doc`, class: "unseen" }, this.about);
    const label = element("label", { for: this.id, "data-tip": this.about, ondblclick: () => this.toDefault() });
    label.append(spoken(param.name), ...(param.unit && param.unit.length <= SHORT ? [element("small", {}, param.unit)] : []));
    this.label = label;
    this.row = element("div", { class: `row ${param.kind}`, "data-param": param.name }, label);
    this.control = control(this); // {parts, show(value), wide}
    this.row.append(...this.control.parts, this.reset, about, this.problem);
    if (this.control.wide) this.row.classList.add("wide");
    this.show(param.value);
  }

  /** What the param is for, and what it takes. */
  get about() {
    const { doc, ge, le, unit, default: usual, kind } = this.param;
    const range = ge !== null && le !== null ? `${ge} to ${le}` : ge !== null ? `${ge} or more` : le !== null ? `${le} or less` : "";
    const takes = `${range || WORDS[kind] || kind}${unit ? ` ${unit}` : ""}`;
    const first = doc ? `${doc[0].toUpperCase()}${doc.slice(1)}${/[.!?]$/.test(doc) ? "" : "."} ` : "";
    return usual === null || usual === "" ? `${first}(${takes})` : `${first}(${takes}; as declared: ${text(usual)})`;
  }

  /** Turn it: show the value, and send it. */
  turn(value) {
    this.#turned = performance.now();
    this.show(value);
    this.#sender.push(value);
  }

  /** Back to what the node declares. */
  toDefault() {
    if (this.param.default !== null || this.param.optional) this.turn(this.param.default);
  }

  /** Somebody has set it; our own newer change goes before. */
  told(value) {
    if (this.#sender.busy || performance.now() - this.#turned < OWN_MS) return;
    this.show(value);
  }

  /** Show a value without sending it. */
  show(value) {
    this.value = value;
    const changed = JSON.stringify(value) !== JSON.stringify(this.param.default);
    this.row.classList.toggle("changed", changed && (this.param.default !== null || this.param.optional));
    this.control.show(value);
  }

  /** Say why a value was not taken; empty: all is well. */
  complain(words) {
    this.problem.textContent = words;
    this.problem.hidden = words === "";
  }

  async #send(value) {
    try {
      const taken = await this.connection.set(this.node, this.param.name, value);
      this.param.value = taken;
      this.complain("");
    } catch (error) {
      this.complain(error.message);
      this.show(this.param.value);
    }
  }
}

function text(value) {
  return value === null || value === "" ? "nothing" : String(value);
}
