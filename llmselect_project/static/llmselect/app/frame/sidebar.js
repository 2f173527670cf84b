/** The sidebar: screens, and below them the list that belongs to the screen. */
import { html, useEffect, useRef } from "../lib/ui.js";
import { me } from "../data/session.js";
import { t } from "../lib/words.js";
import { forgetDrafts } from "../lib/storage.js";
import { newChat } from "../chat/screen.js";
import { Icon } from "../controls/icons.js";
import { Menu } from "../controls/menu.js";
import { drawer, toggleSidebar } from "./drawer.js";
import { ComparisonList, ConversationList } from "./lists.js";
import { route } from "./router.js";
import { showShortcuts } from "./shortcuts.js";

const SCREENS = [
  ["chat", "/"],
  ["compare", "/compare"],
  ["arena", "/arena"],
  ["models", "/models"],
  ["usage", "/usage"],
];

export function Sidebar() {
  const aside = useRef(null);
  const { screen, id } = route.value;
  // Whatever is chosen in the drawer closes it.
  useEffect(() => {
    drawer.value = false;
  }, [screen, id]);
  useEffect(() => {
    if (drawer.value) aside.current.querySelector("button, a")?.focus();
  }, [drawer.value]);
  const escape = (event) => {
    if (event.key === "Escape" && drawer.value) drawer.value = false;
  };
  return html`${drawer.value && html`<div class="shade" onClick=${() => (drawer.value = false)}></div>`}
    <aside class=${drawer.value ? "sidebar open" : "sidebar"} ref=${aside} onKeyDown=${escape} aria-label=${t("sidebar")}>
      <div class="side-top">
        <a class="brand" href="/"><svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#264b5d" /><path d="M8 8v16h7M20 17l3 4 5-11" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" /></svg> LLMSelect</a>
        <button type="button" class="icon-button" aria-label=${t("hide_sidebar")} title=${t("hide_sidebar")} onClick=${toggleSidebar}><${Icon} name="sidebar" /></button>
      </div>
      <button type="button" class="button wide new-chat" onClick=${() => ((drawer.value = false), newChat())}><${Icon} name="plus" /> ${t("new_chat")}</button>
      <nav class="screens" aria-label=${t("screens")}>
        ${SCREENS.map(([name, href]) => html`<a href=${href} aria-current=${screen === name ? "page" : undefined}><${Icon} name=${name} /> ${t(`screen_${name}`)}</a>`)}
      </nav>
      ${screen === "compare" ? html`<${ComparisonList} current=${id} />` : html`<${ConversationList} current=${screen === "chat" ? id : null} />`}
      <${Account} />
    </aside>`;
}

function Account() {
  const out = useRef(null);
  const leave = () => {
    forgetDrafts();
    out.current.elements.csrfmiddlewaretoken.value = document.cookie.match(/csrftoken=(\w+)/)?.[1] ?? "";
    out.current.submit();
  };
  return html`<div class="side-foot">
    <${Menu} label=${t("account")} className="account" upwards=${true} actions=${[
      { label: t("screen_settings"), icon: "settings", act: () => document.querySelector(".to-settings").click() },
      { label: t("shortcuts"), icon: "star", act: showShortcuts },
      me.value?.is_staff && { label: t("administration"), icon: "tool", href: "/admin/" },
      { label: t("api_docs"), icon: "book", href: "/api/docs" },
      { label: t("sign_out"), icon: "out", act: leave },
    ]}><${Icon} name="user" /> <span class="account-name">${me.value?.username ?? ""}</span></${Menu}>
    <a class="icon-button to-settings" href="/settings" aria-label=${t("screen_settings")} title=${t("screen_settings")} aria-current=${route.value.screen === "settings" ? "page" : undefined}><${Icon} name="settings" /></a>
    <form method="post" action="/logout" ref=${out} hidden><input type="hidden" name="csrfmiddlewaretoken" /></form>
  </div>`;
}
