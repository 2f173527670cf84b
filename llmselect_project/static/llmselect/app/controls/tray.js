/** What a composer has for files: the button that chooses some, the list of those that go along, dropping and pasting. */
import { Icon } from "./icons.js";
import { notify } from "./toasts.js";
import { explain } from "../lib/errors.js";
import { html, useEffect, useRef, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { MOST } from "../data/uploads.js";

const TYPES = "image/png,image/jpeg,image/gif,image/webp,application/pdf,text/*,application/json,.md,.csv,.log";

/** @typedef {import("../data/uploads.js").Uploads} Uploads */

/** @param {Uploads} uploads @param {Iterable<File>} files */
export function attach(uploads, files) {
  if (!uploads.add(files)) notify({ text: t("too_many_files", { count: MOST }), bad: true });
}

/**
 * Takes files that are dropped anywhere on the page; returns whether some are held over it.
 * @param {(files: FileList) => void} take the same function at each drawing
 */
export function useDropping(take) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    const drag = (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event) => {
      if (!event.relatedTarget) setOver(false);
    };
    const drop = (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      setOver(false);
      take(event.dataTransfer.files);
    };
    const heard = { dragover: drag, dragleave: leave, drop };
    for (const [name, listen] of Object.entries(heard)) window.addEventListener(name, listen);
    return () => {
      for (const [name, listen] of Object.entries(heard)) window.removeEventListener(name, listen);
    };
  }, [take]);
  return over;
}

/** Takes files that are pasted into a text; text is pasted as ever. @param {Uploads} uploads @param {ClipboardEvent} event */
export function paste(uploads, event) {
  const files = event.clipboardData?.files;
  if (!files?.length) return;
  event.preventDefault();
  attach(uploads, files);
}

/** @param {{uploads: Uploads}} props */
export function AttachButton({ uploads }) {
  const input = useRef(null);
  const chosen = (event) => {
    attach(uploads, event.target.files);
    event.target.value = "";
  };
  return html`<button type="button" class="icon-button attach" aria-label=${t("attach")} title=${t("attach_hint")} onClick=${() => input.current.click()}><${Icon} name="attach" size=${18} /></button>
    <input ref=${input} type="file" hidden multiple accept=${TYPES} onChange=${chosen} />`;
}

/** @param {{uploads: Uploads}} props */
export function Tray({ uploads }) {
  const items = uploads.items.value;
  if (!items.length) return null;
  return html`<ul class="tray" aria-label=${t("attached")}>${items.map((item) => html`<${Item} key=${item.key} item=${item} uploads=${uploads} />`)}</ul>`;
}

function Item({ item, uploads }) {
  const { part, error } = item;
  const image = part?.type === "image";
  return html`<li class=${error ? "tray-item failed" : "tray-item"}>
    ${image ? html`<img src=${`/api/v1/files/${part.file_id}/content`} alt="" />` : html`<${Icon} name=${error ? "warn" : "file"} size=${18} />`}
    <span class="tray-name" dir="auto" title=${item.name}>${item.name}</span>
    ${!part && !error && html`<progress max="1" value=${item.done} aria-label=${t("uploading", { name: item.name })}></progress>`}
    ${error && html`<span class="bad" role="alert">${explain(error).text}</span>`}
    <button type="button" class="icon-button" aria-label=${t("remove_file", { name: item.name })} title=${t("remove_file", { name: item.name })} onClick=${() => uploads.drop(item)}><${Icon} name="close" size=${14} /></button>
  </li>`;
}
