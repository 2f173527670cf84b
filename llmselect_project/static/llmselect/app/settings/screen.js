/** Settings: keys, the choice of models, tokens, import and export, appearance, and the account. */
import { html, useEffect } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { MenuButton } from "../frame/drawer.js";
import { route } from "../frame/router.js";
import { Account } from "./account.js";
import { Appearance } from "./appearance.js";
import { History } from "./history.js";
import { Keys } from "./keys.js";
import { Selection } from "./selection.js";
import { Tokens } from "./tokens.js";

const PARTS = { keys: Keys, selection: Selection, tokens: Tokens, history: History, appearance: Appearance, account: Account };

export default function SettingsScreen() {
  const chosen = PARTS[route.value.id] ? route.value.id : "keys";
  useEffect(() => {
    document.title = `${t("screen_settings")} · LLMSelect`;
  }, []);
  return html`<header class="head"><${MenuButton} /><h1 class="head-title">${t("screen_settings")}</h1></header>
    <div class="page-scroll"><div class="page-body settings">
      <nav class="tabs" aria-label=${t("screen_settings")}>${Object.keys(PARTS).map((name) => html`<a href=${`/settings/${name}`} aria-current=${name === chosen ? "page" : undefined}>${t(`settings_${name}`)}</a>`)}</nav>
      <${PARTS[chosen]} key=${chosen} />
    </div></div>`;
}
