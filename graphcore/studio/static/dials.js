// The dials: a group for each node, a row for each param that may change while the graph runs.
import { choiceDial } from "./dial_choice.js";
import { fileDial } from "./dial_file.js";
import { numberDial } from "./dial_number.js";
import { switchDial } from "./dial_switch.js";
import { textDial } from "./dial_text.js";
import { takesLines } from "./line.js";
import { Dial } from "./dial.js";
import { element, spoken, the } from "./element.js";

/** Which control suits a param, from what it declares. */
function controlFor(param) {
  if (param.kind === "bool") return switchDial;
  if (param.choices.length && param.kind !== "list") return choiceDial;
  if (param.kind === "int" || param.kind === "float") return numberDial;
  return param.kind === "file" ? fileDial : textDial;
}

/** All dials of a graph; `named` finds one by node and param. */
export class Dials {
  constructor(connection) {
    this.connection = connection;
    this.all = new Map(); // by "node.param"
    the("filter").addEventListener("input", () => this.#filter());
    the("filter").addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      the("filter").value = "";
      this.#filter();
      the("filter").blur();
    });
  }

  /** Build the dials of another graph. */
  take(run) {
    this.run = run;
    this.all.clear();
    this.groups = new Map();
    const withParams = run.nodes.filter((node) => node.params.length);
    const [live, fixed] = [withParams.filter(hasLive), withParams.filter((node) => !hasLive(node))];
    const rest = fixed.length ? [element("h2", { class: "rest" }, "Nothing to turn while it runs")] : [];
    const group = (node) => this.#group(node);
    the("dials").replaceChildren(...live.map(group), ...rest, ...fixed.map(group));
    if (!withParams.length) the("dials").append(element("p", { class: "none" }, "No node of this graph has params."));
    this.#filter();
  }

  /** The dial of a param, or undefined where it is not live. */
  named(node, param) {
    return this.all.get(`${node}.${param}`);
  }

  /** Open a node's group, and put the focus on its first dial. */
  focus(name) {
    const group = this.groups.get(name);
    if (!group) return;
    group.open = true;
    group.scrollIntoView({ block: "nearest" });
    group.querySelector(".row :is(input, button, select)")?.focus({ preventScroll: true });
  }

  #group(node) {
    const live = node.params.filter((param) => param.live && !takesLines(param));
    const fixed = node.params.filter((param) => !param.live);
    const rows = live.map((param) => this.#dial(node, param).row);
    const summary = element(
      "summary", { "data-tip": node.doc },
      element("b", {}, node.name), element("span", { class: "quiet" }, node.type),
    );
    const group = element("details", { class: "group", "data-node": node.name }, summary, ...rows);
    if (fixed.length) group.append(fixedRows(fixed, live.length === 0));
    const kept = localStorage.getItem(this.#key(node));
    group.open = kept === null ? live.length > 0 : kept === "open";
    group.addEventListener("toggle", () => {
      if (!the("filter").value) localStorage.setItem(this.#key(node), group.open ? "open" : "shut");
    });
    this.groups.set(node.name, group);
    return group;
  }

  #dial(node, param) {
    const dial = new Dial(this.connection, node.name, param, controlFor(param));
    this.all.set(`${node.name}.${param.name}`, dial);
    return dial;
  }

  #key(node) {
    return `graphcore.group.${this.run.name}.${node.name}`;
  }

  /** Hide what the words that are typed do not name. */
  #filter() {
    const text = the("filter").value.trim().toLowerCase();
    for (const [name, group] of this.groups) {
      let some = false;
      for (const row of group.querySelectorAll(".row, .fixed div")) {
        const words = `${name} ${row.dataset.param} ${spoken(row.dataset.param)}`;
        row.hidden = !words.toLowerCase().includes(text);
        some ||= !row.hidden;
      }
      group.hidden = text !== "" && !some;
      if (text !== "" && some) group.open = true;
    }
  }
}

function hasLive(node) {
  return node.params.some((param) => param.live && !takesLines(param));
}

function fixedRows(params, only) {
  const rows = params.map((param) =>
    element(
      "div", { "data-param": param.name, "data-tip": `${param.doc ? `${param.doc}. ` : ""}Set when the graph starts.` },
      element("dt", {}, spoken(param.name)), element("dd", {}, shown(param)),
    ),
  );
  const title = only ? `${params.length} fixed` : `${params.length} more, fixed`;
  const summary = element("summary", { class: "quiet" }, title);
  return element("details", { class: "fixed", open: only }, summary, element("dl", {}, ...rows));
}

function shown(param) {
  if (param.value === null || param.value === "") return "–";
  const value = Array.isArray(param.value) ? param.value.join(", ") : String(param.value);
  return param.unit ? `${value} ${param.unit}` : value;
}
