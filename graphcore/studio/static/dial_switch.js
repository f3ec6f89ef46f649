// On or off.
import { element } from "./element.js";

/** The control of a bool param. */
export function switchDial(dial) {
  const box = element("input", {
    type: "checkbox", role: "switch", class: "switch", id: dial.id, "aria-describedby": `${dial.id}-doc`,
    onchange: () => dial.turn(box.checked),
  });
  return { parts: [element("span", { class: "switch-cell" }, box)], show: (value) => (box.checked = value === true) };
}
