// A number: a slider where it has bounds, and a field; a field alone where it has none.
import { element } from "./element.js";

const STEPS = 100; // of a slider, at least

// The step of a slider: 1, 2 or 5 times a power of ten.
function stepOf({ kind, ge, le }) {
  const rough = (le - ge) / STEPS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [5, 2, 1].map((factor) => factor * power).find((each) => each <= rough * 1.0001) ?? power;
  return kind === "int" ? Math.max(1, Math.round(step)) : step;
}

function decimals(step) {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
}

/** The control of an int or float param. */
export function numberDial(dial) {
  const { param } = dial;
  const bounded = param.ge !== null && param.le !== null && param.le > param.ge;
  const step = bounded ? stepOf(param) : 1;
  const read = (text) => (param.kind === "int" ? Math.round(Number(text)) : Number(text));
  const field = numberField(dial, read, bounded ? null : dial.id);
  const slider = bounded ? sliderOf(dial, read, step) : null;
  const show = (value) => {
    const digits = param.kind === "int" ? 0 : bounded ? decimals(step) : 3;
    const typing = document.activeElement === field && field.dataset.edited;
    if (!typing) field.value = value === null ? "" : trimmed(value, digits);
    if (slider === null) return;
    slider.value = value ?? param.ge;
    slider.style.setProperty("--filled", (slider.value - param.ge) / (param.le - param.ge));
  };
  return { parts: [slider ?? element("span"), field], show };
}

function sliderOf(dial, read, step) {
  const { param } = dial;
  const slider = element("input", {
    type: "range", id: dial.id, min: param.ge, max: param.le, step,
    "aria-describedby": `${dial.id}-doc`, "data-tip": dial.about,
    oninput: () => dial.turn(read(slider.value)),
    ondblclick: () => dial.toDefault(),
    onkeydown: (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      dial.toDefault();
    },
  });
  return slider;
}

function numberField(dial, read, id) {
  const { param } = dial;
  const [least, most] = [param.ge ?? -Infinity, param.le ?? Infinity];
  const fits = (value) => Number.isFinite(value) && value >= least && value <= most;
  const apply = () => {
    if (!field.dataset.edited) return;
    delete field.dataset.edited;
    const empty = field.value.trim() === "";
    if (empty && param.optional) dial.turn(null);
    else if (empty || !fits(read(field.value))) dial.refuse(field.value);
    else dial.turn(read(field.value));
  };
  const field = element("input", {
    type: "number", id, step: "any", "aria-label": `${param.name}${param.unit ? `, ${param.unit}` : ""}`,
    "aria-describedby": `${dial.id}-doc`, placeholder: param.optional ? "none" : null,
    oninput: () => (field.dataset.edited = "yes"),
    onblur: apply,
    onkeydown: (event) => {
      if (event.key === "Enter") apply();
      if (event.key !== "Escape" || !field.dataset.edited) return;
      event.stopPropagation(); // it takes back what was typed, and interrupts nobody
      delete field.dataset.edited;
      dial.show(dial.value);
    },
  });
  return field;
}

function trimmed(value, digits) {
  const short = value.toFixed(digits);
  return Math.abs(Number(short) - value) < 1e-9 ? short : String(Number(value.toPrecision(6)));
}
