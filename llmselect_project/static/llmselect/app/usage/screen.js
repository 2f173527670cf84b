/** Usage: what one's calls cost, by day, model and token, and the budgets that bound it. */
import { me } from "../data/session.js";
import { get, query } from "../lib/api.js";
import { compact, count, money } from "../lib/format.js";
import { keep, recall } from "../lib/storage.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { MenuButton } from "../frame/drawer.js";
import { Icon } from "../controls/icons.js";
import { Trouble } from "../controls/trouble.js";
import { Budgets } from "./budgets.js";
import { Days } from "./days.js";

/** @typedef {{requests: number, errors: number, unpriced: number, prompt_tokens: number, completion_tokens: number, cost: string}} Sums */

const RANGES = [7, 30, 90, 365]; // days
const GROUPS = ["model", "token", "endpoint"];

export default function UsageScreen() {
  const [days, setDays] = useState(recall("usage.days", 30));
  const [group, setGroup] = useState(recall("usage.group", "model"));
  const [told, setTold] = useState(null);
  const [error, setError] = useState(null);
  const user = me.value?.username;
  const from = new Date(Date.now() - (days - 1) * 86_400_000).toISOString().slice(0, 10);
  const address = (by, format) => `/usage${query({ group_by: by, from, user, format })}`;
  const load = async () => {
    if (!user) return;
    setError(null);
    try {
      const [byDay, grouped] = await Promise.all([get(address("day")), get(address(group))]);
      setTold({ byDay, grouped: grouped.results, group });
    } catch (failure) {
      setError(failure);
    }
  };
  useEffect(() => void load(), [days, group, user]);
  useEffect(() => {
    document.title = `${t("screen_usage")} · LLMSelect`;
  }, []);
  const choose = (set, key) => (event) => {
    const value = key === "usage.days" ? Number(event.target.value) : event.target.value;
    keep(key, value);
    set(value);
  };
  return html`<header class="head"><${MenuButton} /><h1 class="head-title">${t("screen_usage")}</h1>
      <label class="range"><span class="unseen">${t("time_range")}</span><select onChange=${choose(setDays, "usage.days")}>
        ${RANGES.map((range) => html`<option value=${range} selected=${range === days}>${t("last_days", { count: range })}</option>`)}</select></label></header>
    <div class="page-scroll"><div class="page-body">
      ${error && html`<${Trouble} error=${error} again=${load} />`}
      ${!told && !error && html`<p class="quiet" role="status">${t("loading")}</p>`}
      ${told && html`<${Totals} sums=${told.byDay.total} /><${Days} report=${told.byDay} />
        <section class="panel" aria-label=${t("usage_by")}><div class="key-head"><h2>${t("usage_by")}</h2>
          <select class="fit" aria-label=${t("usage_by")} onChange=${choose(setGroup, "usage.group")}>${GROUPS.map((each) => html`<option value=${each} selected=${each === group}>${t(`by_${each}`)}</option>`)}</select>
          <span class="buttons"><a class="button small" download href=${`/api/v1${address(group, "csv")}`}><${Icon} name="export" size=${15} /> CSV</a></span></div>
          <${Table} rows=${told.grouped} group=${told.group} /></section>`}
      <${Budgets} />
    </div></div>`;
}

/** @param {{sums: Sums}} props */
function Totals({ sums }) {
  const tiles = [
    ["cost", money(sums.cost)],
    ["requests", count(sums.requests)],
    ["tokens_prompt", compact(sums.prompt_tokens)],
    ["tokens_answer", compact(sums.completion_tokens)],
    ["failures", count(sums.errors)],
  ];
  return html`<dl class="tiles">${tiles.map(([name, value]) => html`<div class="panel"><dt class="quiet">${t(name)}</dt><dd>${value}</dd></div>`)}</dl>
    ${sums.unpriced > 0 && html`<p class="note">${t("unpriced", { count: sums.unpriced })}</p>`}`;
}

function Table({ rows, group }) {
  if (!rows.length) return html`<p class="empty">${t("nothing_used")}</p>`;
  const name = (row) => (group === "model" ? `${row.provider} · ${row.model}` : (row[`${group}_name`] ?? row.token_name ?? row[group])) || t("without_token");
  const largest = Math.max(...rows.map((row) => Number(row.cost)));
  return html`<div class="table-box" tabindex="0" role="group" aria-label=${t("usage_by")}><table class="table usage-by">
    <thead><tr><th>${t(`by_${group}`)}</th><th class="number">${t("cost")}</th><th><span class="unseen">${t("share")}</span></th><th class="number">${t("requests")}</th><th class="number">${t("failures")}</th><th class="number">${t("tokens_prompt")}</th><th class="number">${t("tokens_answer")}</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr><th scope="row">${name(row)}</th><td class="number">${money(row.cost)}</td>
      <td class="share"><span class="bar"><i style=${{ width: `${largest ? (Number(row.cost) / largest) * 100 : 0}%` }}></i></span></td>
      <td class="number">${count(row.requests)}</td><td class="number">${count(row.errors)}</td><td class="number">${compact(row.prompt_tokens)}</td><td class="number">${compact(row.completion_tokens)}</td></tr>`)}</tbody>
  </table></div>`;
}
