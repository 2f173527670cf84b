/** API tokens: credentials of programs, each with its own limits; shown once when they are made. */
import { post, remove } from "../lib/api.js";
import { explain } from "../lib/errors.js";
import { day, moment } from "../lib/format.js";
import { PagedList } from "../lib/pages.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { has, t } from "../lib/words.js";
import { CopyButton } from "../controls/copy.js";
import { confirmed, openDialog } from "../controls/dialogs.js";
import { notify } from "../controls/toasts.js";
import { Trouble } from "../controls/trouble.js";

const GROUPS = ["chat", "compare", "conversations", "export", "models", "keys", "usage", "v1"];
const ENDS = [0, 7, 30, 90, 365]; // days; 0 is never

export const tokens = new PagedList("/tokens");

export function Tokens() {
  useEffect(() => {
    if (tokens.state.value === "new") tokens.more();
  }, []);
  const state = tokens.state.value;
  return html`<section class="stack" aria-label=${t("settings_tokens")}>
    <p class="quiet">${t("tokens_explained")}</p>
    <div class="buttons start"><button type="button" class="button primary" onClick=${make}>${t("make_token")}</button></div>
    ${state === "failed" && html`<${Trouble} error=${tokens.error.value} again=${() => tokens.more()} />`}
    ${tokens.rows.value.map((token) => html`<${Token} token=${token} key=${token.id} />`)}
    ${state === "complete" && !tokens.rows.value.length && html`<p class="empty">${t("no_tokens")}</p>`}
    ${state === "more" && html`<button type="button" class="button" onClick=${() => tokens.more()}>${t("show_more")}</button>`}
  </section>`;
}

function Token({ token }) {
  const limits = [
    token.read_only && t("read_only"),
    token.allowed_endpoints && token.allowed_endpoints.join(", "),
    token.allowed_models && token.allowed_models.join(", "),
    token.rate_limit,
  ].filter(Boolean);
  const revoke = async () => {
    if (!(await confirmed({ title: t("revoke_token", { name: token.name }), text: t("revoke_explained"), confirm: t("revoke"), danger: true }))) return;
    try {
      await remove(`/tokens/${token.id}`);
      tokens.drop(token.id);
    } catch (error) {
      notify({ ...explain(error), bad: true });
    }
  };
  return html`<div class="panel key"><div class="key-head">
      <h2 dir="auto">${token.name}</h2>
      ${token.state === "expired" && html`<span class="tag warn">${t("expired")}</span>`}
      <span class="buttons"><button type="button" class="button small" onClick=${revoke}>${t("revoke")}</button></span></div>
    <p class="quiet"><code>${token.prefix}…</code> · ${t("made_on", { day: day(token.created_at) })} ·
      ${" "}${token.last_used_at ? t("used_on", { moment: moment(token.last_used_at) }) : t("never_used")} ·
      ${" "}${token.expires_at ? t("ends_on", { day: day(token.expires_at) }) : t("never_ends")}</p>
    ${limits.length > 0 && html`<p class="quiet">${limits.join(" · ")}</p>`}
  </div>`;
}

async function make() {
  const made = await openDialog(t("make_token"), ({ close }) => html`<${Form} close=${close} />`);
  if (!made) return;
  const { token, ...row } = made;
  tokens.put(row, { top: true });
  await openDialog(t("token_made"), ({ close }) => html`<p>${t("token_shown_once")}</p>
    <p class="secret"><code>${token}</code> <${CopyButton} text=${() => token} /></p>
    <div class="buttons"><button type="button" class="button primary" autofocus onClick=${() => close()}>${t("done")}</button></div>`);
}

function Form({ close }) {
  const [failures, setFailures] = useState({});
  const save = async (event) => {
    event.preventDefault();
    const form = event.target;
    const value = (name) => form.elements[name].value.trim();
    const groups = [...form.querySelectorAll("[name=group]:checked")].map((box) => box.value);
    const days = Number(value("days"));
    const body = { name: value("name"), read_only: form.elements.read_only.checked };
    if (days) body.expires_at = new Date(Date.now() + days * 86_400_000).toISOString();
    if (groups.length) body.allowed_endpoints = groups;
    if (value("models")) body.allowed_models = value("models").split(/[\s,]+/);
    if (value("rate")) body.rate_limit = value("rate");
    try {
      close(await post("/tokens", body));
    } catch (error) {
      const told = Object.entries(error.details ?? {}).map(([field, sentences]) => [field.split(".")[0], [].concat(sentences).join(" ")]);
      setFailures(told.length ? Object.fromEntries(told) : { name: explain(error).text });
    }
  };
  const problem = (field) => failures[field] && html`<small class="bad" role="alert">${failures[field]}</small>`;
  return html`<form class="stack" onSubmit=${save}>
    <label class="field"><span>${t("token_name")}</span><input name="name" maxlength="100" required autofocus dir="auto" placeholder=${t("token_name_hint")} />${problem("name")}</label>
    <label class="field"><span>${t("ends")}</span><select name="days">${ENDS.map((days) => html`<option value=${days} selected=${days === 90}>${days ? t("in_days", { count: days }) : t("never")}</option>`)}</select>${problem("expires_at")}</label>
    <fieldset class="choices"><legend>${t("allowed_endpoints")}</legend>
      ${GROUPS.map((group) => html`<label class="check"><input type="checkbox" name="group" value=${group} /> ${has(`group_${group}`) ? t(`group_${group}`) : group}</label>`)}
      ${problem("allowed_endpoints")}</fieldset>
    <label class="field"><span>${t("allowed_models")}</span><input name="models" placeholder="openai/*, anthropic/claude-sonnet-4-6" spellcheck="false" autocomplete="off" />${problem("allowed_models")}</label>
    <label class="field"><span>${t("rate_limit")}</span><input name="rate" placeholder="60/min" spellcheck="false" autocomplete="off" />${problem("rate_limit")}</label>
    <label class="check"><input type="checkbox" name="read_only" /> ${t("read_only")}</label>
    <div class="buttons"><button type="button" class="button" onClick=${() => close()}>${t("cancel")}</button><button class="button primary">${t("make_token")}</button></div>
  </form>`;
}
