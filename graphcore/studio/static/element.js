// Building elements: element("button", {class: "accent", onclick: send}, "Send").
const SVG = "http://www.w3.org/2000/svg";

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** An HTML element; attributes that are false, null or undefined are left out. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** The element of the page with this id. */
export function the(id) {
  return document.getElementById(id);
}

/** Set attributes of an element that is there. */
export function place(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) target.setAttribute(name, value);
}

/** Set text, and touch the page only where it changes. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** A name of a graph as words: `cfg_speech` is `cfg speech`. */
export function spoken(name) {
  return name.replaceAll("_", " ");
}

/** Say something to whoever listens instead of looking. */
export function announce(text) {
  the("said").textContent = text;
}
