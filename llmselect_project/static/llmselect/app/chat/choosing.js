/** Why the server chose the model of an answer, and what would make the next choice better. */
import { nameOfModel } from "../data/registry.js";
import { html } from "../lib/ui.js";
import { has, t } from "../lib/words.js";
import { openDialog } from "../controls/dialogs.js";
import { Icon } from "../controls/icons.js";

/**
 * @typedef {import("../data/registry.js").Choice} Choice
 * @typedef {{provider: string, model: string, reason: {code: string, message: string}, votes: number, category: string,
 *   failed: (Choice & {error: string, message: string})[],
 *   compare_suggested: {models: Choice[], blind: boolean, probability: number | null} | null}} Selection
 */

const TURNS = 50; // by which a choice is explained

/** Names the kind of a prompt. @param {string} category */
export const kindOf = (category) => (has(`category_${category}`) ? t(`category_${category}`) : category);

/** What was said, as the API takes it. @param {{role: string, content: string}[]} messages */
export const turnsOf = (messages) => messages.filter((each) => each.content).slice(-TURNS).map(({ role, content }) => ({ role, content }));

/** Shows all candidates for a conversation, whose last turn is a question. @param {{role: string, content: string}[]} turns */
export async function explainChoice(turns) {
  const { Explanation } = await import("./explaining.js");
  return openDialog(t("auto_explanation"), ({ close }) => html`<${Explanation} turns=${turns} close=${close} />`, { wide: true });
}

/** Says under the author of an answer why it is this one. @param {{message: any, actions: any}} props */
export function Chosen({ message, actions }) {
  /** @type {Selection} */
  const { reason, votes, category, failed } = message.selection;
  const values = { count: votes, kind: kindOf(category), model: nameOfModel(message) };
  return html`<div class="chosen">
    <p class="quiet"><${Icon} name="star" size=${14} /> ${has(`auto_because_${reason.code}`) ? t(`auto_because_${reason.code}`, values) : reason.message}
      ${" "}<button type="button" class="link" onClick=${() => actions.why(message)}>${t("auto_why")}</button></p>
    ${failed.map((each) => html`<p class="quiet" key=${`${each.provider}/${each.model}`}>${t("auto_failed", { model: nameOfModel(each) })} <span dir="auto">${each.message}</span></p>`)}
  </div>`;
}

/** Offers the comparison that would improve the next choice. @param {{message: any, actions: any}} props */
export function Suggested({ message, actions }) {
  const suggested = message.selection?.compare_suggested;
  return suggested && html`<p class="chosen"><button type="button" class="button small" title=${t("auto_compare_hint")} onClick=${() => actions.compare(message, suggested.models)}><${Icon} name="compare" size=${15} /> ${t("auto_compare")}</button></p>`;
}
