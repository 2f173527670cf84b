/** How a choice comes about: all candidates, how likely each is, and what is known of it. */
import { nameOfModel } from "../data/registry.js";
import { post } from "../lib/api.js";
import { duration, money } from "../lib/format.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { has, language, t } from "../lib/words.js";
import { Trouble } from "../controls/trouble.js";
import { kindOf } from "./choosing.js";

const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
const points = new Intl.NumberFormat(language, { maximumFractionDigits: 0, signDisplay: "exceptZero" });

/** @param {{turns: {role: string, content: string}[], close: () => void}} props */
export function Explanation({ turns, close }) {
  const [told, setTold] = useState(null);
  const [error, setError] = useState(null);
  const load = async () => {
    setError(null);
    try {
      setTold(await post("/select", { messages: turns }));
    } catch (failure) {
      setError(failure);
    }
  };
  useEffect(() => void load(), []);
  if (error) return html`<${Trouble} error=${error} again=${load} />`;
  if (!told) return html`<p class="quiet" role="status">${t("loading")}</p>`;
  const known = told.candidates.filter((each) => each.votes || each.probability);
  const others = told.candidates.filter((each) => !known.includes(each));
  return html`<div class="stack">
    <p>${t(`auto_now_${told.votes_needed ? "few" : "votes"}`, { count: told.votes_needed || told.votes, model: nameOfModel(told), kind: kindOf(told.category) })}</p>
    <${Table} rows=${known} label=${t("auto_candidates")} />
    <p class="quiet small-print">${t("auto_preference_explained")}</p>
    ${others.length > 0 && html`<details><summary>${t("auto_without_votes", { count: others.length })}</summary><${Table} rows=${others} label=${t("auto_without_votes", { count: others.length })} /></details>`}
    ${told.excluded.length > 0 && html`<div><h3>${t("auto_excluded")}</h3><ul>${told.excluded.map((each) => html`<li>${nameOfModel(each)}: <span class="quiet">${has(`excluded_${each.reason}`) ? t(`excluded_${each.reason}`) : each.reason}</span></li>`)}</ul></div>`}
    <div class="buttons"><a class="button" href="/settings/selection" onClick=${() => close()}>${t("to_selection")}</a></div>
  </div>`;
}

function Table({ rows, label }) {
  return html`<div class="table-box" tabindex="0" role="group" aria-label=${label}><table class="table candidates">
    <thead><tr><th scope="col">${t("model")}</th><th scope="col">${t("auto_likely")}</th><th scope="col" class="number">${t("auto_preference")}</th>
      <th scope="col" class="number">${t("auto_votes")}</th><th scope="col" class="number">${t("cost")}</th><th scope="col" class="number">${t("time_all")}</th></tr></thead>
    <tbody>${rows.map((each) => html`<${Row} each=${each} key=${`${each.provider}/${each.model}`} />`)}</tbody>
  </table></div>`;
}

function Row({ each }) {
  const interval = each.preference === null ? "" : `${points.format(each.preference_low)} … ${points.format(each.preference_high)}`;
  return html`<tr><th scope="row"><span class="cell-name">${nameOfModel(each)}</span><span class="quiet cell-more">${each.provider}</span></th>
    <td class="likely"><span class="bar" aria-hidden="true"><i style=${{ width: `${each.probability * 100}%` }}></i></span> ${percent.format(each.probability)}</td>
    <td class="number">${each.preference === null ? "–" : html`${points.format(each.preference)}<span class="quiet cell-more">${interval}</span>`}</td>
    <td class="number">${each.votes}</td><td class="number">${money(each.cost)}</td><td class="number">${duration(each.time)}</td></tr>`;
}
