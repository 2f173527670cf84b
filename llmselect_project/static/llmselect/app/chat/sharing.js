/** The links of a conversation: making one, copying and revoking them. */
import { CopyButton } from "../controls/copy.js";
import { openDialog } from "../controls/dialogs.js";
import { notify } from "../controls/toasts.js";
import { get, post, remove } from "../lib/api.js";
import { explain } from "../lib/errors.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { language, t } from "../lib/words.js";

const DAY = 86_400; // seconds
const CHOICES = [1, 7, 30, 365]; // days

/** @param {{id: string, title: string}} row */
export function share(row) {
  return openDialog(t("share"), () => html`<${Links} id=${row.id} />`);
}

function Links({ id }) {
  const [links, setLinks] = useState([]);
  const [busy, setBusy] = useState(false);
  const failed = (error) => notify({ ...explain(error), bad: true });
  const load = async () => {
    try {
      const page = await get("/shares?page_size=100");
      setLinks(page.results.filter((link) => link.conversation_id === id));
    } catch (error) {
      failed(error);
    }
  };
  useEffect(() => void load(), [id]);
  const make = async (event) => {
    event.preventDefault();
    const { follow, system, days } = event.target.elements;
    setBusy(true);
    try {
      const link = await post(`/conversations/${id}/share`, { follow: follow.checked, system: system.checked, expires_in: Number(days.value) * DAY });
      setLinks((before) => [link, ...before]);
    } catch (error) {
      failed(error);
    }
    setBusy(false);
  };
  const revoke = async (link) => {
    try {
      await remove(`/shares/${link.id}`);
      setLinks((before) => before.filter((each) => each.id !== link.id));
      notify({ text: t("share_revoked") });
    } catch (error) {
      failed(error);
      await load();
    }
  };
  return html`<div class="stack">
    <p class="quiet">${t("share_explained")}</p>
    <form class="stack" onSubmit=${make}>
      <label class="field"><span>${t("share_for")}</span><select name="days">
        ${CHOICES.map((days) => html`<option value=${days} selected=${days === 30}>${t("share_days", { count: days })}</option>`)}</select></label>
      <label class="check"><input type="checkbox" name="follow" /> ${t("share_follow")}</label>
      <label class="check"><input type="checkbox" name="system" /> ${t("share_system")}</label>
      <div class="buttons"><button class="button primary" disabled=${busy}>${t("share_make")}</button></div>
    </form>
    <ul class="stack" aria-label=${t("share_links")} aria-live="polite">${links.map((link) => html`<li key=${link.id} class="panel stack">
      <input readonly value=${link.url} aria-label=${t("share_link")} onFocus=${(event) => event.target.select()} />
      <div class="buttons start"><${CopyButton} text=${() => link.url} />
        <button type="button" class="button" onClick=${() => revoke(link)}>${t("share_revoke")}</button>
        <span class="quiet">${link.follow ? t("share_is_following") : t("share_is_snapshot")} · ${t("share_until", { date: new Date(link.expires_at).toLocaleDateString(language) })}</span></div>
    </li>`)}</ul>
  </div>`;
}
