/** Modal dialogs: one at a time, by the browser's own `<dialog>`, which keeps the focus and hears Escape. */
import { html, signal, useEffect, useLayoutEffect, useRef } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { Icon } from "./icons.js";

/** @type {import("../vendor/signals.js").Signal<{body: Function, wide?: boolean, label: string, done: (value: any) => void} | null>} */
const opened = signal(null);

/**
 * Opens a dialog and returns what it is closed with, null when it is dismissed.
 * @param {string} label
 * @param {(props: {close: (value?: any) => void}) => any} body
 * @param {{wide?: boolean}} [options]
 * @returns {Promise<any>}
 */
export function openDialog(label, body, { wide = false } = {}) {
  opened.value?.done(null);
  return new Promise((resolve) => {
    const done = (value = null) => {
      opened.value = null;
      resolve(value);
    };
    opened.value = { label, body, wide, done };
  });
}

/** Whether a dialog is open, in which shortcuts rest. */
export const dialogIsOpen = () => opened.value !== null;

/**
 * Asks to confirm something.
 * @param {{title: string, text?: string, confirm: string, danger?: boolean}} question
 * @returns {Promise<boolean>}
 */
export async function confirmed({ title, text, confirm, danger }) {
  const answer = await openDialog(title, ({ close }) => html`
    ${text && html`<p>${text}</p>`}
    <div class="buttons">
      <button class="button" onClick=${() => close(null)}>${t("cancel")}</button>
      <button class=${danger ? "button danger" : "button primary"} autofocus onClick=${() => close(true)}>${confirm}</button>
    </div>`);
  return answer === true;
}

/**
 * Asks for a line of text; null when it is dismissed.
 * @param {{title: string, label: string, value?: string, confirm: string, type?: string, maxlength?: number, text?: string, danger?: boolean}} question
 * @returns {Promise<string | null>}
 */
export function asked({ title, label, value = "", confirm, type = "text", maxlength = 255, text, danger }) {
  return openDialog(title, ({ close }) => {
    const field = useRef(null);
    useEffect(() => field.current.select(), []);
    const submit = (event) => {
      event.preventDefault();
      if (field.current.value.trim()) close(field.current.value);
    };
    return html`<form class="stack" onSubmit=${submit}>
      ${text && html`<p>${text}</p>`}
      <label class="field"><span>${label}</span>
        <input ref=${field} type=${type} defaultValue=${value} maxlength=${maxlength} autofocus dir="auto" autocomplete=${type === "password" ? "current-password" : "off"} /></label>
      <div class="buttons">
        <button type="button" class="button" onClick=${() => close(null)}>${t("cancel")}</button>
        <button class=${danger ? "button danger" : "button primary"}>${confirm}</button>
      </div>
    </form>`;
  });
}

export function Dialogs() {
  return opened.value && html`<${Dialog} ...${opened.value} key=${opened.value} />`;
}

function Dialog({ label, body, wide, done }) {
  const element = useRef(null);
  // Before anything is drawn, so that Escape closes it from the first moment on.
  useLayoutEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    element.current.querySelector("[autofocus]")?.focus();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  // A click on the backdrop has the dialog itself as its target.
  const outside = (event) => event.target === element.current && done(null);
  return html`<dialog ref=${element} class=${wide ? "dialog wide" : "dialog"} aria-label=${label}
    onCancel=${(event) => (event.preventDefault(), done(null))} onMouseDown=${outside}>
    <div class="dialog-body">
      <header class="dialog-head"><h2>${label}</h2>
        <button class="icon-button" aria-label=${t("close")} onClick=${() => done(null)}><${Icon} name="close" /></button></header>
      <${body} close=${done} />
    </div>
  </dialog>`;
}
