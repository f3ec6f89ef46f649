// One of several: buttons side by side where there are few, a list where there are many.
import { element, spoken } from "./element.js";

const BUTTONS = 9; // at most
const LETTERS = 22; // of all choices together, beside the label

/** The control of a param with choices. */
export function choiceDial(dial) {
  const choices = dial.param.optional ? [null, ...dial.param.choices] : dial.param.choices;
  return choices.length <= BUTTONS ? buttons(dial, choices) : list(dial, choices);
}

function name(choice) {
  return choice === null ? "none" : spoken(String(choice));
}

function buttons(dial, choices) {
  const radios = choices.map((choice, index) =>
    element("input", {
      type: "radio", name: dial.id, id: index === 0 ? dial.id : null, onchange: () => dial.turn(choice),
    }),
  );
  const labels = choices.map((choice, index) => element("label", {}, radios[index], element("span", {}, name(choice))));
  const group = element("div", {
    class: "choices", role: "radiogroup", "aria-label": spoken(dial.param.name), "aria-describedby": `${dial.id}-doc`,
  }, ...labels);
  const wide = choices.map(name).join("").length > LETTERS;
  const show = (value) => radios.forEach((radio, index) => (radio.checked = choices[index] === value));
  return { parts: [group], wide, show };
}

function list(dial, choices) {
  const turn = () => dial.turn(choices[select.selectedIndex]);
  const select = element(
    "select", { id: dial.id, "aria-describedby": `${dial.id}-doc`, onchange: turn },
    ...choices.map((choice) => element("option", {}, name(choice))),
  );
  return { parts: [select], show: (value) => (select.selectedIndex = choices.indexOf(value)) };
}
