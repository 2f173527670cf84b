/** The registry: all models that the server knows, to sort and to filter. */
import { keyOf, loadRegistry, models, registryError, usable } from "../data/registry.js";
import { compact, price } from "../lib/format.js";
import { html, useEffect, useMemo, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { MenuButton } from "../frame/drawer.js";
import { Icon } from "../controls/icons.js";
import { Trouble } from "../controls/trouble.js";
import { showModel } from "./details.js";

const SHOWN = 150; // rows at first

const COLUMNS = [
  { name: "model", of: (model) => model.name.toLowerCase(), text: true },
  { name: "provider", of: (model) => model.provider, text: true },
  { name: "context", of: (model) => model.context_window },
  { name: "output_limit", of: (model) => model.max_output_tokens },
  { name: "input_price", of: (model) => (model.input_price === null ? null : Number(model.input_price)) },
  { name: "output_price", of: (model) => (model.output_price === null ? null : Number(model.output_price)) },
];

export default function ModelsScreen() {
  const [words, setWords] = useState("");
  const [provider, setProvider] = useState("");
  const [ability, setAbility] = useState("");
  const [only, setOnly] = useState(false);
  const [sort, setSort] = useState({ name: "model", falling: false });
  const [all, setAll] = useState(false);
  useEffect(() => {
    document.title = `${t("screen_models")} · LLMSelect`;
  }, []);
  const rows = useMemo(() => {
    const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
    const found = (models.value ?? []).filter(
      (model) =>
        (!provider || model.provider === provider) &&
        (!ability || model[ability]) &&
        (!only || (usable(model) && model.available)) &&
        parts.every((part) => `${model.name} ${model.id} ${model.provider}`.toLowerCase().includes(part)),
    );
    return sorted(found, sort);
  }, [models.value, words, provider, ability, only, sort]);
  const providers = [...new Set((models.value ?? []).map((model) => model.provider))].sort();
  const shown = all ? rows : rows.slice(0, SHOWN);
  return html`<header class="head"><${MenuButton} /><h1 class="head-title">${t("screen_models")}</h1></header>
    <div class="page-scroll"><div class="page-body">
      ${registryError.value && html`<${Trouble} error=${registryError.value} again=${loadRegistry} />`}
      <div class="filters" role="search">
        <div class="picker-search filter-words"><${Icon} name="search" /><input type="search" value=${words} placeholder=${t("search_models")} aria-label=${t("search_models")} onInput=${(event) => setWords(event.target.value)} /></div>
        <select aria-label=${t("provider")} value=${provider} onChange=${(event) => setProvider(event.target.value)}><option value="">${t("all_providers")}</option>${providers.map((each) => html`<option value=${each}>${each}</option>`)}</select>
        <select aria-label=${t("ability")} value=${ability} onChange=${(event) => setAbility(event.target.value)}><option value="">${t("any_ability")}</option>
          <option value="reasoning">${t("can_think")}</option><option value="vision">${t("can_see")}</option><option value="tools">${t("can_call")}</option></select>
        <label class="check"><input type="checkbox" checked=${only} onChange=${(event) => setOnly(event.target.checked)} /> ${t("only_usable")}</label>
        <span class="quiet" role="status">${models.value === null ? t("loading") : t("models_found", { count: rows.length })}</span>
      </div>
      <div class="table-box panel" tabindex="0" role="group" aria-label=${t("models")}><table class="table registry">
        <thead><tr>${COLUMNS.map((column) => html`<${Head} column=${column} sort=${sort} setSort=${setSort} />`)}<th>${t("abilities")}</th><th>${t("state")}</th></tr></thead>
        <tbody>${shown.map((model) => html`<${Row} model=${model} key=${`${model.provider}/${model.id}`} />`)}</tbody>
      </table></div>
      ${models.value !== null && !rows.length && html`<p class="empty">${t("no_model_found")}</p>`}
      ${rows.length > shown.length && html`<button type="button" class="button" onClick=${() => setAll(true)}>${t("show_all", { count: rows.length })}</button>`}
    </div></div>`;
}

function Head({ column, sort, setSort }) {
  const active = sort.name === column.name;
  const order = active ? (sort.falling ? "descending" : "ascending") : "none";
  return html`<th class=${column.text ? "" : "number"} aria-sort=${order}><button type="button" class="sort" onClick=${() => setSort({ name: column.name, falling: active ? !sort.falling : false })}>
    ${t(column.name)}${active && html` <${Icon} name=${sort.falling ? "down" : "up"} size=${13} />`}</button></th>`;
}

function Row({ model }) {
  const key = keyOf(model.provider);
  return html`<tr>
    <th scope="row"><button type="button" class="link cell-name" onClick=${() => showModel(model)}>${model.name}</button><span class="quiet cell-more">${model.id}</span></th>
    <td>${model.provider}</td>
    <td class="number">${compact(model.context_window)}</td><td class="number">${compact(model.max_output_tokens)}</td>
    <td class="number">${price(model.input_price)}</td><td class="number">${price(model.output_price)}</td>
    <td><span class="abilities">${[["reasoning", "think", "can_think"], ["vision", "eye", "can_see"], ["tools", "tool", "can_call"]].map(
      ([field, icon, label]) => model[field] && html`<span role="img" aria-label=${t(label)} title=${t(label)}><${Icon} name=${icon} size=${15} /></span>`)}</span></td>
    <td>${!model.available ? html`<span class="tag">${t("unavailable")}</span>` : key === "missing" ? html`<span class="tag warn">${t("no_key")}</span>` : html`<span class="tag good">${t("ready")}</span>`}
      ${model.deprecated && html` <span class="tag">${t("deprecated")}</span>`}</td>
  </tr>`;
}

/** Sorts by a column; what is unknown comes last either way. */
function sorted(rows, { name, falling }) {
  const column = COLUMNS.find((each) => each.name === name) ?? COLUMNS[0];
  const sign = falling ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [column.of(one), column.of(other)];
    if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
    return a < b ? -sign : a > b ? sign : 0;
  });
}
