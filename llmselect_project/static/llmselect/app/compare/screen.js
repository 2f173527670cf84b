/** Compare: one prompt for two to four models, whose answers stand side by side. */
import { firstChoice, models, usable } from "../data/registry.js";
import { comparisons } from "../data/lists.js";
import { remove } from "../lib/api.js";
import { explain } from "../lib/errors.js";
import { plain } from "../lib/format.js";
import { recall } from "../lib/storage.js";
import { html, useEffect } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { MenuButton } from "../frame/drawer.js";
import { navigate, route } from "../frame/router.js";
import { whileShown } from "../frame/shortcuts.js";
import { confirmed } from "../controls/dialogs.js";
import { useFollowing } from "../controls/following.js";
import { Icon } from "../controls/icons.js";
import { Ideas } from "../controls/ideas.js";
import { Menu } from "../controls/menu.js";
import { notify } from "../controls/toasts.js";
import { Trouble } from "../controls/trouble.js";
import { Files } from "../controls/files.js";
import { Ask } from "./ask.js";
import { Columns } from "./columns.js";
import { Verdict } from "./verdict.js";
import { blank, blind, choose, chosen } from "./begun.js";
import { forgetRun, Run, runOf } from "./run.js";

/** Fills the set up with two models that can be asked, the first time. */
function begin() {
  if (chosen.value.length >= 2 || !models.value) return;
  const able = models.value.filter((model) => usable(model) && model.available).map((model) => ({ provider: model.provider, model: model.id }));
  const first = firstChoice();
  const others = able.filter((each) => each.provider !== first?.provider || each.model !== first?.model);
  const real = others.filter((each) => (each.provider === "echo") === (first?.provider === "echo"));
  choose([first, (real.length ? real : others)[0]].filter(Boolean));
}

function newComparison() {
  if (blank.value.running.value || blank.value.id.value) blank.value = new Run(null);
  navigate("/compare");
}

export default function CompareScreen() {
  const id = route.value.screen === "compare" ? route.value.id : null;
  const run = id ? runOf(id) : blank.value;
  const own = run.id.value;
  const state = run.state.value;
  const { box, inner, scrolled } = useFollowing(run, run.running.value, false);

  useEffect(() => {
    if (id && !run.row.value) run.load();
  }, [run]);
  useEffect(() => {
    if (!id && own) {
      navigate(`/compare/${own}`, { replace: true });
      blank.value = new Run(null);
    }
  }, [own]);
  useEffect(begin, [models.value]);
  useEffect(() => {
    document.title = `${plain(run.prompt.value).slice(0, 60) || t("screen_compare")} · LLMSelect`;
  }, [run.prompt.value]);
  useEffect(() => whileShown({ Escape: () => run.stop() }), [run]);

  const send = async (prompt, files, started) => {
    const next = run.id.value || run.running.value ? new Run(null) : run;
    if (next !== run) {
      blank.value = next;
      navigate("/compare");
    }
    try {
      const parameters = recall("compare.parameters", {});
      await next.start({ prompt, models: chosen.value, blind: blind.value, ...parameters }, files, started);
      return true;
    } catch {
      return false;
    }
  };
  const asked = run.columns.value.length > 0 || run.row.value;
  return html`<div class="chat compare">
    <header class="head">
      <${MenuButton} />
      <h1 class="head-title" dir="auto">${plain(run.prompt.value) || t("screen_compare")}</h1>
      ${own && html`<button type="button" class="icon-button" aria-label=${t("new_comparison")} title=${t("new_comparison")} onClick=${newComparison}><${Icon} name="plus" /></button>`}
      ${own && html`<${Menu} label=${t("comparison_actions")} actions=${[{ label: t("delete"), icon: "trash", danger: true, act: () => erase(own) }]} />`}
    </header>
    ${state === "missing" && html`<div class="middle"><p class="empty">${t("comparison_missing")}</p></div>`}
    ${state === "failed" && html`<div class="middle"><${Trouble} error=${run.error.value} again=${() => run.load()} /></div>`}
    ${state === "loading" && html`<div class="middle"><p class="quiet" role="status">${t("loading")}</p></div>`}
    ${state === "ready" && !asked && html`<div class="middle"><div class="welcome">
      <h2>${t("compare_welcome")}</h2><p class="quiet">${t("compare_welcome_more")}</p><${Ideas} /></div></div>`}
    ${state === "ready" && asked && html`<div class="scroll" ref=${box} onScroll=${scrolled} tabindex="-1">
      <div class="compared" ref=${inner}>
        <div class="question"><${Files} parts=${run.files.value} /><div class="bubble" dir="auto" tabindex="0">${run.prompt.value}</div></div>
        <${Columns} run=${run} />
        <${Verdict} run=${run} />
      </div>
    </div>`}
    <div class="foot wide">
      ${run.refusal.value && html`<${Trouble} error=${run.refusal.value} />`}
      <${Ask} run=${run} send=${send} />
    </div>
  </div>`;
}

/** @param {string} id */
async function erase(id) {
  if (!(await confirmed({ title: t("delete_comparison"), text: t("delete_comparison_more"), confirm: t("delete"), danger: true }))) return;
  try {
    await remove(`/comparisons/${id}`);
    comparisons.drop(id);
    forgetRun(id);
    if (route.value.id === id) navigate("/compare");
  } catch (error) {
    notify({ ...explain(error), bad: true });
  }
}
