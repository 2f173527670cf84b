/** One model: its limits and prices, and how they changed. */
import { remember } from "../data/registry.js";
import { get } from "../lib/api.js";
import { count, day, price } from "../lib/format.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { has, t } from "../lib/words.js";
import { newChat } from "../chat/screen.js";
import { openDialog } from "../controls/dialogs.js";
import { Trouble } from "../controls/trouble.js";

/** @param {import("../data/registry.js").Model} model */
export const showModel = (model) => openDialog(model.name, ({ close }) => html`<${Details} model=${model} close=${close} />`, { wide: true });

function Details({ model, close }) {
  const [rows, setRows] = useState(null);
  const [next, setNext] = useState(`/models/${model.provider}/${encodeURI(model.id).replace(/[?#]/g, encodeURIComponent)}/history`);
  const [error, setError] = useState(null);
  const more = async () => {
    setError(null);
    try {
      const told = await get(next);
      setRows((before) => [...(before ?? []), ...told.results]);
      setNext(told.next);
    } catch (failure) {
      setError(failure);
    }
  };
  useEffect(() => void more(), []);
  const chat = () => {
    remember({ provider: model.provider, model: model.id });
    close();
    newChat();
  };
  return html`<p class="quiet">${model.provider} · <code>${model.id}</code></p>
    <dl class="facts">
      ${[["context", count(model.context_window)], ["output_limit", count(model.max_output_tokens)], ["input_price", price(model.input_price)], ["output_price", price(model.output_price)], ["cache_read_price", price(model.cache_read_price)], ["cache_write_price", price(model.cache_write_price)]].map(
        ([name, value]) => html`<div><dt class="quiet">${t(name)}</dt><dd>${value}</dd></div>`)}
      ${model.checked_at && html`<div><dt class="quiet">${t("checked_at")}</dt><dd>${day(model.checked_at)}</dd></div>`}
    </dl>
    <h3>${t("history")}</h3>
    ${error && html`<${Trouble} error=${error} again=${more} />`}
    ${rows === null && !error && html`<p class="quiet" role="status">${t("loading")}</p>`}
    ${rows?.length === 0 && html`<p class="quiet">${t("no_history")}</p>`}
    ${rows?.length > 0 && html`<div class="table-box"><table class="table"><tbody>${rows.map((row) => html`<tr><td class="quiet">${day(row.changed_at)}</td><th scope="row">${has(row.field) ? t(row.field) : row.field.replaceAll("_", " ")}</th><td>${row.old ?? "–"} → ${row.new ?? "–"}</td><td class="quiet">${row.source}</td></tr>`)}</tbody></table></div>`}
    ${rows && next && html`<button type="button" class="button small" onClick=${more}>${t("show_more")}</button>`}
    <div class="buttons"><button type="button" class="button primary" onClick=${chat}>${t("chat_with")}</button></div>`;
}
