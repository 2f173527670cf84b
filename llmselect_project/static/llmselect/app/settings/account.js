/** One's password, and the end of the account. */
import { me } from "../data/session.js";
import { post, remove } from "../lib/api.js";
import { explain } from "../lib/errors.js";
import { html, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { asked } from "../controls/dialogs.js";
import { notify } from "../controls/toasts.js";

export function Account() {
  const [failures, setFailures] = useState({});
  const change = async (event) => {
    event.preventDefault();
    setFailures({});
    const form = event.target;
    const value = (name) => form.elements[name].value;
    try {
      await post("/auth/password", { current_password: value("current_password"), new_password: value("new_password") });
      form.reset();
      notify({ text: t("password_changed") });
    } catch (error) {
      const told = Object.keys(error.details ?? {}).length ? error.details : { current_password: [explain(error).text, explain(error).more ?? ""] };
      setFailures(told);
    }
  };
  const field = (name, label, complete) => html`<label class="field half"><span>${label}</span>
    <input name=${name} type="password" autocomplete=${complete} required aria-invalid=${failures[name] ? "true" : undefined} aria-describedby=${`error-${name}`} />
    <small class="bad" id=${`error-${name}`} role="alert">${failures[name]?.join(" ")}</small></label>`;
  return html`<section class="stack" aria-label=${t("settings_account")}>
    <form class="panel stack" onSubmit=${change}><h2>${t("change_password")}</h2>
      <input type="text" autocomplete="username" value=${me.value?.username ?? ""} hidden readonly />
      ${field("current_password", t("current_password"), "current-password")}
      ${field("new_password", t("new_password"), "new-password")}
      <p class="quiet">${t("password_explained")}</p>
      <div class="buttons start"><button class="button primary">${t("change_password")}</button></div>
    </form>
    <div class="panel stack"><h2>${t("delete_account")}</h2><p>${t("delete_account_explained")}</p>
      <div class="buttons start"><button type="button" class="button danger" onClick=${erase}>${t("delete_account")}</button></div></div>
  </section>`;
}

async function erase() {
  const password = await asked({ title: t("delete_account"), text: t("delete_account_explained"), label: t("password"), type: "password", confirm: t("delete_account"), danger: true });
  if (password === null) return;
  try {
    await remove("/auth/me", { password });
    location.assign("/login");
  } catch (error) {
    notify({ text: error.details?.password?.join(" ") ?? explain(error).text, bad: true });
  }
}
