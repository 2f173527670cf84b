/** Starts the page. */
import { html, render } from "./lib/ui.js";
import { loadWords } from "./lib/words.js";
import { App } from "./frame/app.js";
import { followLinks } from "./frame/router.js";
import { listen } from "./frame/shortcuts.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));

try {
  await loadWords();
  root.replaceChildren();
  followLinks();
  listen();
  render(html`<${App} />`, root);
} catch (error) {
  console.error(error);
  root.replaceChildren(Object.assign(document.createElement("p"), { className: "starting", textContent: `The page could not be started: ${error.message}. Please reload it.` }));
}
