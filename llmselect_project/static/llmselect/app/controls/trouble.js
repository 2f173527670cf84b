/** A failure, in words, with what to do about it. */
import { explain } from "../lib/errors.js";
import { html } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { Icon } from "./icons.js";

/** @param {{error: any, provider?: string | null, again?: () => void}} props */
export function Trouble({ error, provider = null, again }) {
  const told = explain(error, provider);
  return html`<div class="trouble" role="alert">
    <${Icon} name="warn" />
    <div><p>${told.text}</p>
      ${told.more && html`<p class="quiet" dir="auto">${told.more}</p>`}
      <p class="buttons start">
        ${told.link && html`<a class="button small" href=${told.link.href}>${told.link.label}</a>`}
        ${again && html`<button type="button" class="button small" onClick=${again}>${t("try_again")}</button>`}
      </p></div>
  </div>`;
}
