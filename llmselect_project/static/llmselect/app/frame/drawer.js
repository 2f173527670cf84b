/** Whether the sidebar is shown: beside the screen on wide windows, over it on narrow ones. */
import { keep, recall } from "../lib/storage.js";
import { html, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { Icon } from "../controls/icons.js";

/** Over the screen, on narrow windows. */
export const drawer = signal(false);
/** Beside the screen, on wide windows. */
export const beside = signal(recall("sidebar", true));

const narrow = matchMedia("(max-width: 767px)");

export function toggleSidebar() {
  if (narrow.matches) {
    drawer.value = !drawer.value;
    return;
  }
  beside.value = !beside.value;
  keep("sidebar", beside.value ? undefined : false);
  document.documentElement.dataset.sidebar = beside.value ? "" : "away";
}

/** The button that opens the sidebar, where it is away. */
export const MenuButton = () =>
  html`<button type="button" class="icon-button open-sidebar" aria-label=${t("show_sidebar")} title=${t("show_sidebar")} aria-expanded=${drawer.value} onClick=${toggleSidebar}>
    <${Icon} name="menu" /></button>`;
