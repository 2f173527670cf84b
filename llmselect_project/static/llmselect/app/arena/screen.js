/** Arena of one's own: which models one prefers, how sure that is, and what they cost and take. */
import { get, query } from "../lib/api.js";
import { keep, recall } from "../lib/storage.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { MenuButton } from "../frame/drawer.js";
import { Trouble } from "../controls/trouble.js";
import { Standings } from "./standings.js";
import { Matrix } from "./matrix.js";
import { Tradeoff } from "./tradeoff.js";

/**
 * @typedef {{provider: string, model: string, rating: number | null, rating_low: number | null, rating_high: number | null,
 *   votes_needed: number, wins: number, losses: number, ties: number, both_bad: number, comparisons: number, win_rate: number | null,
 *   avg_cost: string | null, p50_ttft: number | null, p95_time: number | null}} Standing
 */

const RANGES = [0, 7, 30, 90, 365]; // days; 0 is all

export default function ArenaScreen() {
  const [days, setDays] = useState(recall("arena.days", 0));
  const [told, setTold] = useState(null);
  const [error, setError] = useState(null);
  const load = async () => {
    setError(null);
    // Whole days, so that the server may answer from its cache.
    const since = days ? new Date(new Date().setUTCHours(0, 0, 0, 0) - days * 86_400_000).toISOString() : null;
    try {
      const [board, pairs] = await Promise.all([get(`/leaderboard${query({ since })}`), get(`/leaderboard/pairs${query({ since })}`)]);
      setTold({ standings: board.results, pairs: pairs.results });
    } catch (failure) {
      setError(failure);
    }
  };
  useEffect(() => void load(), [days]);
  useEffect(() => {
    document.title = `${t("screen_arena")} · LLMSelect`;
  }, []);
  const choose = (value) => {
    keep("arena.days", value);
    setDays(value);
  };
  const rated = told?.standings.filter((each) => each.rating !== null) ?? [];
  return html`<header class="head"><${MenuButton} /><h1 class="head-title">${t("screen_arena")}</h1>
      <label class="range"><span class="unseen">${t("time_range")}</span>
        <select value=${days} onChange=${(event) => choose(Number(event.target.value))}>
          ${RANGES.map((range) => html`<option value=${range} selected=${range === days}>${range ? t("last_days", { count: range }) : t("all_time")}</option>`)}
        </select></label></header>
    <div class="page-scroll"><div class="page-body">
      ${error && html`<${Trouble} error=${error} again=${load} />`}
      ${!told && !error && html`<p class="quiet" role="status">${t("loading")}</p>`}
      ${told && !told.standings.length && html`<div class="first-steps"><p>${days ? t("no_votes_range") : t("no_votes")}</p><p class="buttons start"><a class="button primary" href="/compare">${t("welcome_compare")}</a></p></div>`}
      ${told && told.standings.length > 0 && html`<${Standings} standings=${told.standings} />`}
      ${rated.length > 1 && html`<div class="charts">
        <${Tradeoff} standings=${rated} title=${t("preference_cost")} value=${(each) => (each.avg_cost === null ? null : Number(each.avg_cost))} kind="cost" />
        <${Tradeoff} standings=${rated} title=${t("preference_time")} value=${(each) => each.p95_time} kind="time" />
      </div>`}
      ${told && told.pairs.length > 0 && html`<${Matrix} pairs=${told.pairs} standings=${told.standings} />`}
    </div></div>`;
}
