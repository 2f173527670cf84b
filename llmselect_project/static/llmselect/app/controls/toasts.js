/** Short notes at the edge of the page, and what a screen reader is told. */
import { html, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { Icon } from "./icons.js";

/** @typedef {{id: number, text: string, more?: string, bad?: boolean, link?: {href: string, label: string}}} Toast */

/** @type {import("../vendor/signals.js").Signal<Toast[]>} */
const shown = signal([]);
const spoken = signal("");
let last = 0;

/**
 * Shows a note; one that tells of a failure stays until it is closed.
 * @param {Omit<Toast, "id">} toast
 */
export function notify(toast) {
  const id = ++last;
  shown.value = [...shown.value.filter((each) => each.text !== toast.text), { ...toast, id }].slice(-3);
  if (!toast.bad) setTimeout(() => close(id), 4000);
}

/** Tells a screen reader something that everybody else sees. @param {string} text */
export function announce(text) {
  spoken.value = "";
  requestAnimationFrame(() => (spoken.value = text));
}

const close = (id) => (shown.value = shown.value.filter((each) => each.id !== id));

export function Toasts() {
  return html`<div class="toasts" role="region" aria-label=${t("notes")}>
      ${shown.value.map(
        (toast) => html`<div class=${toast.bad ? "toast bad" : "toast"} key=${toast.id} role=${toast.bad ? "alert" : "status"}>
          <p>${toast.text}${toast.more && html` <span class="quiet">${toast.more}</span>`}
            ${toast.link && html` <a href=${toast.link.href}>${toast.link.label}</a>`}</p>
          <button class="icon-button" aria-label=${t("close")} onClick=${() => close(toast.id)}><${Icon} name="close" size=${16} /></button>
        </div>`,
      )}
    </div>
    <p class="unseen" role="status" aria-live="polite">${spoken.value}</p>`;
}
