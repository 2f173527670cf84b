/** The files of a message: images as thumbnails from this server only, others by name. */
import { Icon } from "./icons.js";
import { bytes } from "../lib/format.js";
import { html } from "../lib/ui.js";
import { t } from "../lib/words.js";

/** @param {{parts: any[] | null | undefined}} props the parts of a message; those that are no stored file are left out */
export function Files({ parts }) {
  const files = (parts ?? []).filter((part) => part.file_id);
  if (!files.length) return null;
  return html`<ul class="files" aria-label=${t("files")}>${files.map((part) => html`<li key=${part.file_id}><${File} part=${part} /></li>`)}</ul>`;
}

function File({ part }) {
  const address = `/api/v1/files/${encodeURIComponent(part.file_id)}/content`;
  if (part.type === "image") {
    return html`<a class="thumbnail" href=${address} target="_blank" rel="noopener" title=${part.name}>
      <img src=${address} alt=${part.name} loading="lazy" decoding="async" /></a>`;
  }
  return html`<a class="file-chip" href=${address} download=${part.name}><${Icon} name="file" size=${16} /> <span dir="auto">${part.name}</span> <span class="quiet">${bytes(part.size)}</span></a>`;
}
