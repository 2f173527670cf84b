/** A message of one's own, which can be copied, and as the last one edited, asked again or deleted. */
import { html, memo, useEffect, useRef, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { moment, time } from "../lib/format.js";
import { CopyButton } from "../controls/copy.js";
import { confirmed } from "../controls/dialogs.js";
import { Icon } from "../controls/icons.js";
import { Files } from "../controls/files.js";
import { grow, LIMIT } from "./composer.js";

/** @param {{message: import("./thread.js").Message, busy: boolean, newest: boolean, actions: any}} props */
export const Question = memo(function Question({ message, busy, newest, actions }) {
  const [editing, setEditing] = useState(false);
  const may = newest && !busy && message.id !== null;
  const drop = async () => {
    if (await confirmed({ title: t("delete_turn"), confirm: t("delete"), danger: true })) actions.drop(message);
  };
  if (editing) return html`<${Editor} message=${message} actions=${actions} close=${() => setEditing(false)} />`;
  return html`<article class="message question" aria-label=${t("you")}>
    <${Files} parts=${message.parts} />
    <div class="bubble" dir="auto">${message.content}</div>
    <div class="message-foot">
      <time class="quiet" datetime=${message.created_at} title=${moment(message.created_at)}>${time(message.created_at)}</time>
      <span class="tools">
        <${CopyButton} text=${() => message.content} />
        ${may && html`<button type="button" class="icon-button" aria-label=${t("edit")} title=${t("edit")} onClick=${() => setEditing(true)}><${Icon} name="edit" size=${16} /></button>`}
        ${may && html`<button type="button" class="icon-button" aria-label=${t("delete_turn")} title=${t("delete_turn")} onClick=${drop}><${Icon} name="trash" size=${16} /></button>`}
      </span>
    </div>
  </article>`;
});

function Editor({ message, actions, close }) {
  const area = useRef(null);
  useEffect(() => {
    grow(area.current);
    area.current.focus();
  }, []);
  const send = async (event) => {
    event?.preventDefault();
    const text = area.current.value.trim();
    if (!text || text.length > LIMIT) return;
    if (await actions.edit(message, text)) close();
  };
  const press = (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
    event.stopPropagation();
  };
  return html`<form class="message question editing" onSubmit=${send}>
    <textarea ref=${area} dir="auto" defaultValue=${message.content} aria-label=${t("edit")} onKeyDown=${press} onInput=${() => grow(area.current)}></textarea>
    <div class="buttons">
      <button type="button" class="button small" onClick=${close}>${t("cancel")}</button>
      <button class="button small primary">${t("send")}</button>
    </div>
  </form>`;
}
