// Dark, light, or as the system has it; kept for the next visit.
import { announce, the } from "./element.js";

const KEY = "graphcore.theme";
const NEXT = { system: "dark", dark: "light", light: "system" };

function apply(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** The theme after this one. */
export function turnTheme() {
  const theme = NEXT[localStorage.getItem(KEY) ?? "system"] ?? "system";
  localStorage.setItem(KEY, theme);
  apply(theme);
  announce(`colours: ${theme}`);
}

/** Take up the theme that was chosen before. */
export function startTheme() {
  apply(localStorage.getItem(KEY) ?? "system");
  the("theme").addEventListener("click", turnTheme);
}
