/** What an empty chat says: what to do first, and what one may try. */
import { hasRealModel, models, registryError, loadRegistry } from "../data/registry.js";
import { me } from "../data/session.js";
import { html } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { keep } from "../lib/storage.js";
import { Icon } from "../controls/icons.js";
import { Trouble } from "../controls/trouble.js";

const IDEAS = ["idea_explain", "idea_code", "idea_table", "idea_write"];

/** @param {{thread: import("./thread.js").Thread}} props */
export function Welcome({ thread }) {
  const take = (text) => {
    const area = document.querySelector(".composer textarea");
    if (!(area instanceof HTMLTextAreaElement)) return;
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
    keep(`draft.${thread.id.value ?? "new"}`, text);
    area.focus();
  };
  const echo = (models.value ?? []).find((model) => model.provider === "echo");
  return html`<div class="middle"><div class="welcome">
    <h2>${t("welcome", { name: me.value?.username ?? "" })}</h2>
    ${registryError.value && html`<${Trouble} error=${registryError.value} again=${loadRegistry} />`}
    ${models.value && !hasRealModel.value && html`<div class="first-steps">
      <p>${echo ? t("first_steps_echo") : t("first_steps")}</p>
      <p class="buttons start">
        <a class="button primary" href="/settings/keys"><${Icon} name="key" size=${16} /> ${t("add_key")}</a>
        ${echo && html`<button type="button" class="button" onClick=${() => ((thread.choice.value = { provider: "echo", model: echo.id }), take(t("idea_echo")))}>${t("try_echo")}</button>`}
      </p></div>`}
    ${models.value && hasRealModel.value && html`<ul class="ideas">${IDEAS.map((idea) => html`<li><button type="button" onClick=${() => take(t(idea))}>${t(idea)}</button></li>`)}</ul>`}
    <p class="quiet welcome-foot"><a href="/compare">${t("welcome_compare")}</a> · ${t("shortcuts_hint")} <kbd>?</kbd></p>
  </div></div>`;
}
