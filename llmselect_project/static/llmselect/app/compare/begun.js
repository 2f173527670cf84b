/** Begins comparisons: by hand on their screen, or by a click elsewhere. */
import { navigate } from "../frame/router.js";
import { keep, recall } from "../lib/storage.js";
import { signal } from "../lib/ui.js";
import { Run } from "./run.js";

/** @typedef {import("../data/registry.js").Choice} Choice */

/** The comparison that has not begun. */
export const blank = signal(new Run(null));
/** The models to ask next. @type {import("../vendor/signals.js").Signal<Choice[]>} */
export const chosen = signal(recall("compare.models", []));
export const blind = signal(recall("compare.blind", true));

/** @param {Choice[]} choices */
export function choose(choices) {
  chosen.value = choices;
  keep("compare.models", choices);
}

/** Whether these models, in any order, are those to ask next. @param {Choice[]} choices */
export function isChosen(choices) {
  const names = (each) => each.map(({ provider, model }) => `${provider}/${model}`).sort().join();
  return choices.length > 0 && names(choices) === names(chosen.value);
}

/** Has two models answer a prompt blind, at once. @param {{prompt: string, models: Choice[], files: any[]}} asked */
export async function compareNow({ prompt, models, files }) {
  const run = new Run(null);
  blank.value = run;
  choose(models);
  navigate("/compare");
  try {
    await run.start({ prompt, models, blind: true }, files.filter((part) => part.file_id), () => {});
  } catch {
    // The screen shows what the run was refused for.
  }
}
