// Keys that work anywhere on the page, and the list of them.
import { element, the } from "./element.js";

const ELSEWHERE = [
  [["←", "→"], "turn the slider that has the focus"],
  [["Page up", "Page down"], "turn it by a tenth of its range"],
  [["Delete"], "set it back; a double click does the same"],
  [["↑", "↓"], "in a line to say: what was said before"],
];

function isTyping(target) {
  return target.matches("input[type=text], input[type=search], input[type=number], textarea, select");
}

/** Let keys act: `actions` is a list of {keys, does, act}; Escape also acts while somebody types, and leaves the field. */
export function startKeys(actions) {
  const rows = [...actions.map(({ keys, does }) => [keys, does]), ...ELSEWHERE];
  the("key-list").replaceChildren(
    ...rows.flatMap(([keys, does]) => [
      element("dt", {}, ...keys.flatMap((key, i) => (i ? [" ", element("kbd", {}, key)] : [element("kbd", {}, key)]))),
      element("dd", {}, does),
    ]),
  );
  const byKey = new Map(actions.flatMap(({ keys, act }) => keys.map((key) => [key.toLowerCase(), act])));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || the("keys").open) return;
    if (isTyping(event.target) && event.key !== "Escape") return;
    const act = byKey.get(event.key.toLowerCase());
    if (act === undefined) return;
    event.preventDefault();
    if (isTyping(event.target)) event.target.blur(); // so that the next key acts, too
    act();
  });
  the("help").addEventListener("click", () => the("keys").showModal());
}
