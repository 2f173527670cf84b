/** Light or dark, the language, and shortcuts of one key. */
import { keep, recall } from "../lib/storage.js";
import { html, useState } from "../lib/ui.js";
import { chooseLanguage, language, t } from "../lib/words.js";
import { chooseTheme, theme } from "../frame/theme.js";

const LANGUAGES = { en: "English", de: "Deutsch", fr: "Français" };

export function Appearance() {
  const [keysOn, setKeysOn] = useState(recall("shortcuts", true));
  const switchKeys = (event) => {
    setKeysOn(event.target.checked);
    keep("shortcuts", event.target.checked ? undefined : false);
  };
  return html`<section class="panel stack" aria-label=${t("settings_appearance")}>
    <fieldset class="choices"><legend>${t("colours")}</legend>
      ${["auto", "light", "dark"].map((each) => html`<label class="check"><input type="radio" name="theme" value=${each} checked=${theme.value === each} onChange=${() => chooseTheme(each)} /> ${t(`theme_${each}`)}</label>`)}
    </fieldset>
    <label class="field half"><span>${t("language")}</span>
      <select onChange=${(event) => chooseLanguage(event.target.value)}>${Object.entries(LANGUAGES).map(([code, name]) => html`<option value=${code} selected=${code === language} lang=${code}>${name}</option>`)}</select></label>
    <label class="check"><input type="checkbox" checked=${keysOn} onChange=${switchKeys} /> ${t("single_keys")}</label>
  </section>`;
}
