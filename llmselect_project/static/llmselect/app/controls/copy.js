/** Copies text, and says so on the button for a moment. */
import { html, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { Icon } from "./icons.js";
import { notify } from "./toasts.js";

/** Copies text; returns whether it could. @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers have no clipboard on plain http but for localhost: the old way still works there.
    const area = Object.assign(document.createElement("textarea"), { value: text, className: "unseen" });
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) notify({ text: t("copy_failed"), bad: true });
    return copied;
  }
}

/** @param {{text: () => string, label?: string}} props */
export function CopyButton({ text, label = t("copy") }) {
  const [copied, setCopied] = useState(false);
  const act = async () => {
    if (!(await copy(text()))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return html`<button type="button" class="icon-button" aria-label=${copied ? t("copied") : label} title=${copied ? t("copied") : label} onClick=${act}>
    <${Icon} name=${copied ? "check" : "copy"} size=${16} />
  </button>`;
}
