// One live param: its row, what is sent when it is turned, and what it shows when somebody else turned it.
import { element, spoken } from "./element.js";
import { Sender } from "./connection.js";

const WORDS = { int: "whole number", float: "number", str: "text", file: "file", bool: "on or off", list: "list" };
const SHORT = 8; // letters of a unit that stands beside the name
const OWN_MS = 400; // for that long after a change of ours, what is told of the param waits: it may be older

let made = 0;

/** The row of a live param. `control` builds the part that is special to its kind. */
export class Dial {
  #sender;
  #turned = -OWN_MS;
  #waiting = 0;

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
    const known = param.name.toLowerCase().endsWith(`_${param.unit.toLowerCase()}`);
    const says = param.unit !== "" && param.unit.length <= SHORT && !known;
    label.append(spoken(param.name), ...(says ? [element("small", {}, param.unit)] : []));
    this.label = label;
    this.row = element("div", { class: `row ${param.kind}`, "data-param": param.name }, label);
    this.control = control(this); // {parts, show(value), wide}
    this.row.append(...this.control.parts, this.reset, about, this.problem);
    if (this.control.wide) this.row.classList.add("wide");
    this.show(param.value);
  }

  /** What it takes, in words. */
  get takes() {
    const { ge, le, unit, kind } = this.param;
    const below = le === null ? "" : `${le} or less`;
    const range = ge === null ? below : le === null ? `${ge} or more` : `${ge} to ${le}`;
    return `${range || WORDS[kind]}${unit ? ` ${unit}` : ""}`;
  }

  /** What it is for, what it takes, and what it is when nobody has turned it. */
  get about() {
    const { doc, choices, default: usual } = this.param;
    const first = doc ? `${doc[0].toUpperCase()}${doc.slice(1)}${/[.!?]$/.test(doc) ? "" : "."}` : "";
    const takes = choices.length ? "" : this.takes;
    const declared = usual === null || usual === "" ? "" : `by default ${text(usual)}`;
    const rest = [takes, declared].filter((part) => part).join("; ");
    return rest ? `${first}\n${rest[0].toUpperCase()}${rest.slice(1)}.` : first;
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

  /** Somebody has set it, we perhaps: shown once nothing of ours is on its way. */
  told(value) {
    clearTimeout(this.#waiting);
    const early = this.#turned + OWN_MS - performance.now();
    if (this.#sender.busy || early > 0) this.#waiting = setTimeout(() => this.told(value), Math.max(early, 20));
    else this.show(value);
  }

  /** Show a value without sending it. */
  show(value) {
    this.value = value;
    const changed = JSON.stringify(value) !== JSON.stringify(this.param.default);
    this.row.classList.toggle("changed", changed && (this.param.default !== null || this.param.optional));
    this.control.show(value);
  }

  /** A value that it cannot take was typed. */
  refuse(typed) {
    this.show(this.value);
    this.complain(`${typed || "nothing"}: expected ${this.takes}`);
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
