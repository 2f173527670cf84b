/** The vote, by click or key, what it unveiled, and a model's judgement of the answers. */
import { explain } from "../lib/errors.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { whileShown } from "../frame/shortcuts.js";
import { Icon } from "../controls/icons.js";
import { chooseModel } from "../controls/model_picker.js";
import { notify } from "../controls/toasts.js";
import { Trouble } from "../controls/trouble.js";
import { Markdown } from "../markdown/view.js";
import { choose, isChosen } from "./begun.js";
import { letter } from "./run.js";

/** @param {{run: import("./run.js").Run}} props */
export function Verdict({ run }) {
  const row = run.row.value;
  const [failure, setFailure] = useState(null);
  const [busy, setBusy] = useState(false);
  const open = row !== null && !run.running.value;
  const able = row?.results.filter((each) => !each.error) ?? [];

  const act = async (work) => {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const vote = (index, bad = false) => act(() => run.vote(index, bad));
  useEffect(() => {
    if (!open || able.length < 2) return undefined;
    const keys = { "=": () => void vote(null), x: () => void vote(null, true) };
    for (const { index } of able) keys[String(index + 1)] = () => void vote(index);
    return whileShown(keys);
  });
  if (!open) return null;
  if (able.length < 2) return html`<p class="note">${t("no_vote")}</p>`;
  const voted = row.voted_at !== null;
  const pressed = (index, bad) => voted && row.preferred_index === index && row.both_bad === bad;
  const button = (label, key, index, bad = false) => html`<button type="button" class=${pressed(index, bad) ? "button vote pressed" : "button vote"} aria-pressed=${pressed(index, bad)} disabled=${busy} onClick=${() => vote(index, bad)}>
    <span class="long">${label}</span><span class="short" aria-hidden="true">${index === null ? label : letter(index)}</span> <kbd>${key}</kbd></button>`;
  const judge = async () => {
    const choice = await chooseModel();
    if (choice) run.judge(choice).catch((error) => notify({ ...explain(error, choice.provider), bad: true }));
  };
  const again = () => {
    choose(run.models());
    /** @type {HTMLElement | null} */ (document.querySelector(".composer textarea"))?.focus();
  };
  const others = row.results.every((each) => each.model) && !isChosen(run.models());
  return html`<section class="verdict" aria-label=${t("vote")}>
    <div class=${`votes of-${able.length}`} role="group" aria-label=${t("vote")}>
      <h2>${voted ? t("voted") : t("which_is_better")}</h2>
      ${able.map(({ index }) => button(t("answer_letter", { letter: letter(index) }), index + 1, index))}
      ${button(t("tie"), "=", null)}
      ${button(t("all_bad"), "x", null, true)}
      ${voted && html`<button type="button" class="link" disabled=${busy} onClick=${() => act(() => run.unvote())}>${t("take_back")}</button>`}
    </div>
    ${voted && row.blind && html`<p class="unveiled">${run.unveiled()}</p>`}
    ${failure && html`<${Trouble} error=${failure} />`}
    <div class="judgement">
      ${row.analysis ? html`<h3><${Icon} name="judge" size=${16} /> ${t("judgement")}</h3><${Markdown} text=${row.analysis} />` : null}
      <button type="button" class="button small" disabled=${run.judging.value} onClick=${judge}><${Icon} name="judge" size=${15} /> ${run.judging.value ? t("judging") : row.analysis ? t("judge_again") : t("judge")}</button>
      ${others && html`<button type="button" class="button small" onClick=${again}><${Icon} name="compare" size=${15} /> ${t("ask_same")}</button>`}
    </div>
  </section>`;
}
