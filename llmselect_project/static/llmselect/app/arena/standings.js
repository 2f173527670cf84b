/** The leaderboard: a row for each model, its rating drawn with the interval in which it is by 95 %. */
import { modelOf } from "../data/registry.js";
import { duration, money } from "../lib/format.js";
import { html } from "../lib/ui.js";
import { language, t } from "../lib/words.js";
import { showSources } from "./sources.js";

const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });

/** @param {{standings: import("./screen.js").Standing[]}} props */
export function Standings({ standings }) {
  const rated = standings.filter((each) => each.rating !== null);
  const low = Math.min(...rated.map((each) => each.rating_low));
  const high = Math.max(...rated.map((each) => each.rating_high));
  return html`<section class="panel" aria-label=${t("leaderboard")}>
    <div class="table-box" tabindex="0" role="group" aria-label=${t("leaderboard")}><table class="table standings">
      <thead><tr>
        <th class="number">#</th><th>${t("model")}</th><th class="number">${t("rating")}</th><th class="interval-head">${t("interval")}</th>
        <th class="number">${t("win_rate")}</th><th class="number">${t("won_lost_tied")}</th><th class="number">${t("comparisons")}</th>
        <th class="number">${t("avg_cost")}</th><th class="number">${t("time_first")}</th><th class="number">${t("time_p95")}</th>
      </tr></thead>
      <tbody>${standings.map((each, at) => html`<${Row} each=${each} place=${at + 1} low=${low} high=${high} key=${`${each.provider}/${each.model}`} />`)}</tbody>
    </table></div>
    <p class="quiet small-print">${t("rating_explained")}</p>
  </section>`;
}

function Row({ each, place, low, high }) {
  const name = modelOf(each)?.name ?? each.model;
  const at = (value) => `${((value - low) / (high - low || 1)) * 100}%`;
  return html`<tr>
    <td class="number quiet">${each.rating === null ? "" : place}</td>
    <th scope="row"><span class="cell-name">${name}</span><span class="quiet cell-more">${each.provider}</span></th>
    <td class="number"><strong>${each.rating === null ? "–" : Math.round(each.rating)}</strong></td>
    <td>${each.rating === null
      ? html`<span class="quiet">${t("votes_needed", { count: each.votes_needed })}</span>`
      : html`<span class="interval" role="img" aria-label=${t("interval_words", { low: Math.round(each.rating_low), high: Math.round(each.rating_high) })} title=${`${Math.round(each.rating_low)} – ${Math.round(each.rating_high)}`}>
          <i class="whisker" style=${{ left: at(each.rating_low), right: `calc(100% - ${at(each.rating_high)})` }}></i><i class="point" style=${{ left: at(each.rating) }}></i></span>`}</td>
    <td class="number">${each.win_rate === null ? "–" : percent.format(each.win_rate)}</td>
    <td class="number">${each.wins} · ${each.losses} · ${each.ties}</td>
    <td class="number"><button type="button" class="link" onClick=${() => showSources([each])} aria-label=${t("show_comparisons_of", { model: name })}>${each.comparisons}</button></td>
    <td class="number">${money(each.avg_cost)}</td><td class="number">${duration(each.p50_ttft)}</td><td class="number">${duration(each.p95_time)}</td>
  </tr>`;
}
