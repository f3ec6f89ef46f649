// What nodes had to say, and what was lost.
import { element, the, write } from "./element.js";

let shown = "";

/** Show notices, the newest first, under what was lost. */
export function showNotices(notices, losses) {
  const all = JSON.stringify([notices, losses]);
  if (all === shown) return;
  shown = all;
  const lines = [
    ...losses.map((text) => element("li", { class: "loss" }, text)),
    ...[...notices].reverse().map((text) => element("li", {}, text)),
  ];
  the("notices").replaceChildren(...(lines.length ? lines : [element("li", { class: "quiet" }, "none so far")]));
  write(the("notice-count"), lines.length ? String(lines.length) : "");
}
