/** Prompts that one may try, which a click puts into the field where one types. */
import { html } from "../lib/ui.js";
import { t } from "../lib/words.js";

const IDEAS = ["idea_explain", "idea_code", "idea_table", "idea_write"];

/** Puts a text where one types, as if it had been typed. @param {string} text */
export function type(text) {
  const area = document.querySelector(".composer textarea");
  if (!(area instanceof HTMLTextAreaElement)) return;
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.focus();
}

export const Ideas = () => html`<ul class="ideas">${IDEAS.map((idea) => html`<li key=${idea}><button type="button" onClick=${() => type(t(idea))}>${t(idea)}</button></li>`)}</ul>`;
