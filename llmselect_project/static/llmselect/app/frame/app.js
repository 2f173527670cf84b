/** The page: the sidebar, the screen that the address names, and what tells of the connection and of failures. */
import { loadRegistry, models } from "../data/registry.js";
import { conversations } from "../data/lists.js";
import { loadMe, me } from "../data/session.js";
import { reachable, signedOut } from "../lib/api.js";
import { signInAgain } from "../lib/errors.js";
import { Component, html, signal, useEffect, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { ChatScreen } from "../chat/screen.js";
import { Dialogs } from "../controls/dialogs.js";
import { Icon } from "../controls/icons.js";
import { Toasts } from "../controls/toasts.js";
import { Trouble } from "../controls/trouble.js";
import { MenuButton } from "./drawer.js";
import { route } from "./router.js";
import { Sidebar } from "./sidebar.js";

/** Screens that are loaded when they are shown first. @type {Record<string, () => Promise<any>>} */
const LATER = {
  compare: () => import("../compare/screen.js"),
  arena: () => import("../arena/screen.js"),
  models: () => import("../models/screen.js"),
  usage: () => import("../usage/screen.js"),
  settings: () => import("../settings/screen.js"),
};

const AGAIN = 3000; // milliseconds between attempts to reach a server that is away

export const online = signal(navigator.onLine);
addEventListener("online", () => (online.value = true));
addEventListener("offline", () => (online.value = false));

/** Reads what the page begins with, and what of it is still missing after the server was away. */
function begin() {
  if (!me.value) loadMe().catch(() => {});
  if (!models.value) loadRegistry();
  if (conversations.state.value === "failed") conversations.more();
  else conversations.refresh();
}

/** Asks a server that is away until it answers. */
async function reach() {
  try {
    await fetch("/health/live", { cache: "no-store" });
    reachable.value = true;
    begin();
  } catch {
    // It is asked again.
  }
}

export function App() {
  useEffect(begin, []);
  useEffect(() => {
    if (reachable.value) return undefined;
    const timer = setInterval(reach, AGAIN);
    return () => clearInterval(timer);
  }, [reachable.value]);
  return html`<a class="skip" href="#screen">${t("skip")}</a>
    <${Sidebar} />
    <main id="screen" class="screen" tabindex="-1">
      <${Banner} />
      <${Boundary} key=${route.value.screen}><${Screen} /><//>
    </main>
    <${Dialogs} />
    <${Toasts} />`;
}

function Screen() {
  const { screen } = route.value;
  return screen === "chat" || !LATER[screen] ? html`<${ChatScreen} />` : html`<${Later} name=${screen} key=${screen} />`;
}

function Later({ name }) {
  const [shown, setShown] = useState(null);
  const [error, setError] = useState(null);
  const load = () => {
    setError(null);
    LATER[name]().then((module) => setShown(() => module.default), setError);
  };
  useEffect(load, [name]);
  if (shown) return html`<${shown} />`;
  return html`<header class="head"><${MenuButton} /></header><div class="middle">
    ${error ? html`<${Trouble} error=${{ code: "unreachable", message: "" }} again=${load} />` : html`<p class="quiet" role="status">${t("loading")}</p>`}
  </div>`;
}

function Banner() {
  if (signedOut.value) return html`<div class="banner bad" role="alert"><${Icon} name="warn" /> ${t("error_signed_out")} <a href=${signInAgain()}>${t("sign_in")}</a></div>`;
  if (!online.value || !reachable.value) return html`<div class="banner" role="status"><${Icon} name="offline" /> ${t("offline")}</div>`;
  return null;
}

/** Shows a failure of the page's own instead of nothing. */
class Boundary extends Component {
  /** @param {Error} error */
  componentDidCatch(error) {
    console.error(error);
    this.setState({ error });
  }

  render({ children }, { error }) {
    if (!error) return children;
    return html`<header class="head"><${MenuButton} /></header><div class="middle"><div class="stack">
      <${Trouble} error=${{ code: "page_failed", message: String(error.message) }} again=${() => this.setState({ error: null })} />
      <p><button type="button" class="button" onClick=${() => location.reload()}>${t("reload")}</button></p></div></div>`;
  }
}
