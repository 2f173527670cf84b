/** What an empty chat says: what to do first, and what one may try. */
import { hasRealModel, models, registryError, loadRegistry } from "../data/registry.js";
import { me } from "../data/session.js";
import { html } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { keep } from "../lib/storage.js";
import { Icon } from "../controls/icons.js";
import { Ideas, type } from "../controls/ideas.js";
import { Trouble } from "../controls/trouble.js";

/** @param {{thread: import("./thread.js").Thread}} props */
export function Welcome({ thread }) {
  const take = (text) => {
    type(text);
    keep(`draft.${thread.id.value ?? "new"}`, text);
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
    ${models.value && hasRealModel.value && html`<${Ideas} />`}
    <p class="quiet welcome-foot"><a href="/compare">${t("welcome_compare")}</a> · ${t("shortcuts_hint")} <kbd>?</kbd></p>
  </div></div>`;
}
