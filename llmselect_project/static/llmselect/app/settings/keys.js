/** The keys of providers: which there are, and where to store one's own. */
import { keyOf, keys, loadKeys, loadRegistry, models, registryError, systemKeys } from "../data/registry.js";
import { put, remove } from "../lib/api.js";
import { explain } from "../lib/errors.js";
import { day } from "../lib/format.js";
import { html, useEffect, useRef, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { confirmed } from "../controls/dialogs.js";
import { notify } from "../controls/toasts.js";
import { Trouble } from "../controls/trouble.js";

export function Keys() {
  const providers = Object.keys(systemKeys.value).sort();
  return html`<section class="stack" aria-label=${t("settings_keys")}>
    <p class="quiet">${t("keys_explained")}</p>
    ${registryError.value && html`<${Trouble} error=${registryError.value} again=${loadRegistry} />`}
    ${models.value === null && !registryError.value && html`<p class="quiet" role="status">${t("loading")}</p>`}
    ${providers.map((provider) => html`<${Provider} provider=${provider} key=${provider} />`)}
  </section>`;
}

function Provider({ provider }) {
  const own = keys.value.find((key) => key.provider === provider);
  const state = keyOf(provider);
  const wanted = location.hash === `#${provider}`;
  const [open, setOpen] = useState(wanted);
  const [failure, setFailure] = useState("");
  const field = useRef(null);
  useEffect(() => {
    if (open) field.current?.focus();
  }, [open]);
  const save = async (event) => {
    event.preventDefault();
    setFailure("");
    const form = event.target;
    try {
      await put(`/keys/${provider}`, { key: form.elements.key.value, override_system_key: form.elements.override?.checked ?? false });
      await loadKeys();
      setOpen(false);
      notify({ text: t("key_stored", { provider }) });
    } catch (error) {
      setFailure(error.details?.key?.join(" ") || explain(error, provider).text);
    }
  };
  const erase = async () => {
    if (!(await confirmed({ title: t("delete_key", { provider }), confirm: t("delete"), danger: true }))) return;
    try {
      await remove(`/keys/${provider}`);
      await loadKeys();
    } catch (error) {
      notify({ ...explain(error), bad: true });
    }
  };
  return html`<div class="panel key" id=${provider}>
    <div class="key-head"><h2>${provider}</h2>
      ${state === "own" && html`<span class="tag good">${t("key_own")}</span>`}
      ${state === "system" && html`<span class="tag good">${t("key_system")}</span>`}
      ${state === "missing" && html`<span class="tag warn">${t("no_key")}</span>`}
      ${own && html`<span class="quiet"><code>${own.masked}</code> · ${day(own.updated_at)}</span>`}
      <span class="buttons">
        <button type="button" class="button small" aria-expanded=${open} onClick=${() => setOpen(!open)}>${own ? t("replace_key") : t("add_key")}</button>
        ${own && html`<button type="button" class="button small" onClick=${erase}>${t("delete")}</button>`}
      </span></div>
    ${open && html`<form class="stack" onSubmit=${save}>
      <label class="field"><span>${t("api_key_of", { provider })}</span>
        <input ref=${field} name="key" type="password" autocomplete="off" spellcheck="false" maxlength="500" required aria-invalid=${failure ? "true" : undefined} aria-describedby=${`error-${provider}`} />
        <small class="bad" id=${`error-${provider}`} role="alert">${failure}</small></label>
      ${systemKeys.value[provider] && html`<label class="check"><input type="checkbox" name="override" defaultChecked=${own?.override_system_key ?? true} /> ${t("override_key")}</label>`}
      <div class="buttons"><button type="button" class="button" onClick=${() => setOpen(false)}>${t("cancel")}</button><button class="button primary">${t("save")}</button></div>
    </form>`}
  </div>`;
}
