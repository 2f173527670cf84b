/** The answers side by side: streaming, then as they are stored, named once they may be. */
import { nameOfModel } from "../data/registry.js";
import { count, duration, money } from "../lib/format.js";
import { html, useSignal } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { continueWith } from "../chat/screen.js";
import { Reasoning } from "../chat/answer.js";
import { CopyButton } from "../controls/copy.js";
import { Icon } from "../controls/icons.js";
import { Trouble } from "../controls/trouble.js";
import { LiveMarkdown, Markdown } from "../markdown/view.js";
import { letter } from "./run.js";

/** @param {{run: import("./run.js").Run}} props */
export function Columns({ run }) {
  const row = run.row.value;
  const columns = run.columns.value;
  const total = columns.length || row?.results.length || 0;
  const hidden = row ? row.blind && !row.revealed : run.blind;
  const indexes = [...Array(total).keys()];
  return html`<div class=${`answers of-${total}`}>
    ${indexes.map((index) => html`<${Answer} key=${index} run=${run} column=${columns[index]} result=${row?.results[index]} row=${row} hidden=${hidden} index=${index} />`)}
  </div>`;
}

function Answer({ run, column, result, row, hidden, index }) {
  const nothing = useSignal(true);
  const live = column?.live;
  const ended = (live?.ended ?? nothing).value;
  // Whom one asked openly is known before the answer is stored.
  const by = result?.model ? result : hidden ? null : run.asked[index];
  const preferred = row?.voted_at && row.preferred_index === index;
  const failure = result?.error ?? column?.failure.value;
  const name = by && !hidden ? nameOfModel(/** @type {any} */ (by)) : t("answer_letter", { letter: letter(index) });
  return html`<article class=${preferred ? "column preferred" : "column"} aria-label=${name} aria-busy=${!ended}>
    <header class="column-head">
      <span class="letter">${letter(index)}</span>
      <span class="column-name">${hidden ? t("hidden_model") : name}
        ${by?.provider && !hidden && html`<span class="quiet"> ${by.provider}</span>`}</span>
      ${preferred && html`<span class="tag good"><${Icon} name="check" size=${12} /> ${t("your_vote")}</span>`}
    </header>
    <div class="column-body">
      ${!hidden && html`<${Reasoning} message=${{ live, reasoning: result?.reasoning }} writing=${!ended} />`}
      ${live ? html`<${LiveMarkdown} text=${live.text} ended=${live.ended} />` : result && html`<${Markdown} text=${result.response} />`}
      ${!ended && html`<p class="waiting" aria-hidden="true"><span class="dots"><i></i><i></i><i></i></span></p>`}
      ${ended && failure && html`<${Trouble} error=${failure} provider=${result?.provider} />`}
      ${ended && !failure && result?.finish_reason === "length" && html`<p class="note">${t("ended_length")}</p>`}
    </div>
    ${ended && result && !run.running.value && html`<footer class="column-foot">
      ${!hidden && html`<${Measures} row=${row} result=${result} />`}
      <span class="tools"><${CopyButton} text=${() => result.response} />
        ${!hidden && result.response && html`<button type="button" class="button small" onClick=${() => goOn(row, result)}><${Icon} name="chat" size=${15} /> ${t("continue_as_chat")}</button>`}</span>
    </footer>`}
  </article>`;
}

/** @param {import("./run.js").Comparison} row @param {import("./run.js").Result} result */
function goOn(row, result) {
  const choice = { provider: /** @type {string} */ (result.provider), model: /** @type {string} */ (result.model) };
  continueWith(choice, [{ role: "user", content: row.prompt }, { role: "assistant", content: result.response }]);
}

/** What an answer took, as bars beside those of the others. */
function Measures({ row, result }) {
  const lines = [
    ["cost", (each) => (each.cost === null ? null : Number(each.cost)), (each) => money(each.cost)],
    ["time_first", (each) => each.ttft, (each) => duration(each.ttft)],
    ["time_all", (each) => each.time, (each) => duration(each.time)],
    ["tokens_out", (each) => each.completion_tokens, (each) => count(each.completion_tokens)],
  ];
  return html`<dl class="measures">${lines.map(([name, value, write]) => {
    const largest = Math.max(...row.results.map((each) => value(each) ?? 0));
    const share = largest > 0 && value(result) !== null ? Math.max(0.02, value(result) / largest) : 0;
    return html`<div><dt class="quiet">${t(name)}</dt><dd>${write(result)}</dd><span class="bar" aria-hidden="true"><i style=${{ width: `${share * 100}%` }}></i></span></div>`;
  })}</dl>`;
}
