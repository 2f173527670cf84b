/** Which screen the address names, and how to go to another one without loading the page. */
import { signal } from "../lib/ui.js";

const SCREENS = ["chat", "compare", "arena", "models", "usage", "settings"];

/** @typedef {{screen: string, id: string | null, more: string | null}} Route */

/** @param {string} path @returns {Route} */
function parse(path) {
  const [screen, id, more] = path.split("/").filter(Boolean).map(decodeURIComponent);
  return { screen: SCREENS.includes(screen) ? screen : "chat", id: id ?? null, more: more ?? null };
}

export const route = signal(parse(location.pathname));

/**
 * Goes to an address of the page.
 * @param {string} address
 * @param {{replace?: boolean}} [how]
 */
export function navigate(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  route.value = parse(location.pathname);
}

/** @param {string} path */
const isScreen = (path) => path === "/" || SCREENS.includes(path.split("/")[1]);

/** Lets links to screens change the screen only; whoever wants a new tab gets one. */
export function followLinks() {
  addEventListener("popstate", () => (route.value = parse(location.pathname)));
  document.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest?.("a[href]");
    const modified = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (!link || event.defaultPrevented || modified || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || !isScreen(url.pathname)) return;
    event.preventDefault();
    navigate(url.pathname + url.search + url.hash);
  });
}
