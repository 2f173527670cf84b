/** The lists at the left: conversations, what a search finds of them, and comparisons. */
import { query } from "../lib/api.js";
import { PagedList } from "../lib/pages.js";
import { signal } from "../lib/ui.js";

const SIZE = 40;

export const conversations = new PagedList(`/conversations${query({ page_size: SIZE })}`);
export const comparisons = new PagedList(`/comparisons${query({ page_size: 20 })}`);

export const searched = signal("");
/** @type {import("../vendor/signals.js").Signal<PagedList | null>} */
export const found = signal(null);

let waiting = 0;

/** Searches conversations once typing pauses. @param {string} words */
export function search(words) {
  searched.value = words;
  clearTimeout(waiting);
  if (!words.trim()) {
    found.value = null;
    return;
  }
  waiting = setTimeout(() => {
    const list = new PagedList(`/conversations${query({ search: words.trim(), page_size: SIZE })}`);
    list.more().then(() => {
      if (searched.value === words) found.value = list;
    });
  }, 200);
}
