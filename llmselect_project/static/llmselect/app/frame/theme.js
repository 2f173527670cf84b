/** The appearance: light, dark, or as the system has it. */
import { keep, recall } from "../lib/storage.js";
import { signal } from "../lib/ui.js";

export const theme = signal(recall("theme", "auto"));

/** @param {"auto" | "light" | "dark"} chosen */
export function chooseTheme(chosen) {
  theme.value = chosen;
  keep("theme", chosen === "auto" ? undefined : chosen);
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}
