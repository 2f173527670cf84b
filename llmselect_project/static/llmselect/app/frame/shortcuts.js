/** Shortcuts of the keyboard: what is pressed outside of fields, and a list of them all. */
import { recall } from "../lib/storage.js";
import { html } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { dialogIsOpen, openDialog } from "../controls/dialogs.js";
import { toggleSidebar } from "./drawer.js";
import { navigate } from "./router.js";

/** @typedef {{keys: string[], label: string, act?: (event: KeyboardEvent) => void | false}} Shortcut */

/** Shortcuts of the screen that is shown. @type {Map<string, (event: KeyboardEvent) => void | false>} */
const ofScreen = new Map();

/**
 * Adds shortcuts of a screen; returns what takes them away.
 * @param {Record<string, (event: KeyboardEvent) => void | false>} keys by `event.key`; one that returns false did nothing
 */
export function whileShown(keys) {
  for (const [key, act] of Object.entries(keys)) ofScreen.set(key, act);
  return () => {
    for (const [key, act] of Object.entries(keys)) if (ofScreen.get(key) === act) ofScreen.delete(key);
  };
}

const focusSearch = () => {
  const field = document.querySelector(".side-search input");
  if (field instanceof HTMLElement && field.offsetParent === null) toggleSidebar();
  requestAnimationFrame(() => field instanceof HTMLElement && field.focus());
};
const focusComposer = () => {
  const area = document.querySelector(".composer textarea");
  if (!(area instanceof HTMLElement)) return false;
  area.focus();
};

/** What is pressed alone, outside of fields. */
const ALONE = {
  "?": () => showShortcuts(),
  "/": focusSearch,
  i: focusComposer,
  b: toggleSidebar,
  n: () => document.querySelector(".new-chat")?.click(),
};
/** What follows a `g`. */
const GO = { h: "/", c: "/compare", a: "/arena", m: "/models", u: "/usage", s: "/settings" };

let going = 0;

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.defaultPrevented || dialogIsOpen()) return;
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    focusSearch();
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.key === "Escape") {
    ofScreen.get("Escape")?.(event);
    return;
  }
  const field = /** @type {Element} */ (event.target).closest?.("input, textarea, select, [contenteditable], [role=menu]");
  if (field || !recall("shortcuts", true)) return;
  if (performance.now() - going < 1200 && GO[event.key]) navigate(GO[event.key]);
  else if (event.key === "g") {
    going = performance.now();
    return;
  } else {
    const act = ofScreen.get(event.key) ?? ALONE[event.key];
    if (!act || act(event) === false) return;
  }
  going = 0;
  event.preventDefault();
}

export const listen = () => document.addEventListener("keydown", pressed);

const SHOWN = [
  [["?"], "key_help"],
  [["Ctrl", "K"], "key_search"],
  [["n"], "key_new"],
  [["i"], "key_write"],
  [["b"], "key_sidebar"],
  [["Esc"], "key_stop"],
  [["Enter"], "key_send"],
  [["Shift", "Enter"], "key_line"],
  [["1", "…", "4"], "key_vote"],
  [["="], "key_tie"],
  [["x"], "key_bad"],
  [["g", "h"], "key_go_chat"],
  [["g", "c"], "key_go_compare"],
  [["g", "a"], "key_go_arena"],
  [["g", "m"], "key_go_models"],
  [["g", "u"], "key_go_usage"],
  [["g", "s"], "key_go_settings"],
];

export function showShortcuts() {
  return openDialog(t("shortcuts"), () => html`<dl class="shortcuts">
    ${SHOWN.map(([keys, label]) => html`<div><dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${t(label)}</dd></div>`)}
  </dl>`);
}
