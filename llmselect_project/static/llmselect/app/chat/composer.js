/** Where a message is typed. What is typed is kept until the server has stored it. */
import { isAuto, modelOf } from "../data/registry.js";
import { keep, recall } from "../lib/storage.js";
import { compact, price } from "../lib/format.js";
import { html, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { Icon } from "../controls/icons.js";
import { ModelButton } from "../controls/model_picker.js";
import { attach, AttachButton, paste, Tray, useDropping } from "../controls/tray.js";
import { Uploads } from "../data/uploads.js";
import { explainChoice, turnsOf } from "./choosing.js";

export const LIMIT = 100_000; // characters, the API's

/**
 * @param {{thread: import("./thread.js").Thread,
 *   send: (text: string, files: any[], started: () => void) => Promise<boolean>}} props
 */
export function Composer({ thread, send }) {
  const key = `draft.${thread.id.value ?? "new"}`;
  const [text, setText] = useState(() => recall(key, ""));
  const uploads = useMemo(() => new Uploads(`draft.files.${thread.id.value ?? "new"}`), []);
  const over = useDropping(useCallback((files) => attach(uploads, files), [uploads]));
  const area = useRef(null);
  const live = thread.live.value;
  const choice = thread.choice.value;

  useLayoutEffect(() => grow(area.current), [text]);
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) area.current.focus();
  }, []);
  const type = (value) => {
    setText(value);
    keep(key, value);
  };
  const submit = async () => {
    const message = text.trim();
    if (!message || live || !choice || message.length > LIMIT || uploads.busy) return;
    setText("");
    const parts = uploads.parts;
    const files = uploads.take();
    const sent = await send(message, parts, () => {
      keep(key, undefined);
      uploads.sent();
    });
    // Nothing that was typed meanwhile is lost either.
    if (sent) return;
    setText((since) => (since ? `${message}\n${since}` : message));
    uploads.restore(files);
  };
  const press = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (matchMedia("(pointer: coarse)").matches && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    submit();
  };
  const model = modelOf(choice);
  return html`<form class=${over ? "composer over" : "composer"} onSubmit=${(event) => (event.preventDefault(), submit())}>
    <${Tray} uploads=${uploads} />
    <textarea ref=${area} rows="1" dir="auto" value=${text} placeholder=${t("write_message")} aria-label=${t("write_message")}
      onInput=${(event) => type(event.target.value)} onKeyDown=${press} onPaste=${(event) => paste(uploads, event)}></textarea>
    <div class="composer-row">
      <${AttachButton} uploads=${uploads} />
      <${ModelButton} choice=${choice} auto onChoose=${(chosen) => (thread.choice.value = chosen)} />
      ${isAuto(choice)
        ? html`<span class="composer-hint"><button type="button" class="link" disabled=${!text.trim()} onClick=${() => explainChoice([...turnsOf(thread.messages.value), { role: "user", content: text.trim() }])}>${t("auto_who")}</button></span>`
        : html`<span class="composer-hint quiet">${model && describe(model)}</span>`}
      ${text.length > LIMIT * 0.9 && html`<span class=${text.length > LIMIT ? "bad" : "quiet"}>${text.length} / ${LIMIT}</span>`}
      ${live
        ? html`<button type="button" class="send" aria-label=${t("stop")} title=${`${t("stop")} (Esc)`} onClick=${() => thread.stop()}><${Icon} name="stop" /></button>`
        : html`<button class="send" aria-label=${t("send")} title=${`${t("send")} (Enter)`} disabled=${!text.trim() || !choice || text.length > LIMIT || uploads.busy}><${Icon} name="send" /></button>`}
    </div>
  </form>`;
}

/** Fits a text area to its text, where CSS cannot. @param {HTMLTextAreaElement} area */
export function grow(area) {
  if (CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}

/** @param {import("../data/registry.js").Model} model */
function describe(model) {
  const parts = [];
  if (model.context_window) parts.push(t("context_of", { size: compact(model.context_window) }));
  if (model.input_price !== null && Number(model.input_price) + Number(model.output_price) > 0) parts.push(`${price(model.input_price)} / ${price(model.output_price)}`);
  return parts.join(" · ");
}
