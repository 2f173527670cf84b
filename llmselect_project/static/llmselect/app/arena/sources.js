/** Which comparisons a figure comes from. */
import { modelOf } from "../data/registry.js";
import { get } from "../lib/api.js";
import { moment, shortModel } from "../lib/format.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { openDialog } from "../controls/dialogs.js";
import { Trouble } from "../controls/trouble.js";

const ENOUGH = 15; // comparisons at a time
const PAGES = 10; // read at most at a time, of 100 each

/** Lists the voted comparisons in which all of these models answered. @param {import("../data/registry.js").Choice[]} models */
export function showSources(models) {
  const names = models.map((each) => modelOf(each)?.name ?? shortModel(each.model)).join(" – ");
  return openDialog(t("comparisons_of", { models: names }), ({ close }) => html`<${Sources} models=${models} close=${close} />`, { wide: true });
}

function Sources({ models, close }) {
  const [rows, setRows] = useState([]);
  const [next, setNext] = useState("/comparisons?page_size=100");
  const [state, setState] = useState("loading");
  const [error, setError] = useState(null);
  const fits = (row) =>
    row.voted_at && models.every((model) => row.results.some((each) => each.provider === model.provider && each.model === model.model && !each.error));
  const more = async (link) => {
    setState("loading");
    setError(null);
    const found = [];
    try {
      for (let page = 0; link && page < PAGES && found.length < ENOUGH; page += 1) {
        const told = await get(link);
        found.push(...told.results.filter(fits));
        link = told.next;
      }
    } catch (failure) {
      setError(failure);
    }
    setRows((before) => [...before, ...found]);
    setNext(link);
    setState("ready");
  };
  useEffect(() => void more(next), []);
  return html`<ul class="sources">${rows.map((row) => html`<li key=${row.id}><a href=${`/compare/${row.id}`} onClick=${() => close()}>
      <span class="source-prompt" dir="auto">${row.prompt.slice(0, 200)}</span>
      <span class="quiet cell-more">${moment(row.voted_at)} · ${outcome(row)}</span></a></li>`)}</ul>
    ${error && html`<${Trouble} error=${error} again=${() => more(next)} />`}
    ${state === "loading" ? html`<p class="quiet" role="status">${t("loading")}</p>` : !rows.length && !error && html`<p class="empty">${t("nothing_found")}</p>`}
    ${state === "ready" && next && !error && html`<button type="button" class="button" onClick=${() => more(next)}>${t("show_more")}</button>`}`;
}

function outcome(row) {
  if (row.both_bad) return t("all_bad");
  if (row.preferred_index === null) return t("tie");
  const winner = row.results.find((each) => each.index === row.preferred_index);
  return t("won_by", { model: modelOf(winner)?.name ?? winner?.model ?? "?" });
}
