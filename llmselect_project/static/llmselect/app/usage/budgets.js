/** Budgets: how much may be spent in a day, a month or at all, and how much of it is left. */
import { me } from "../data/session.js";
import { patch, post, query, remove } from "../lib/api.js";
import { explain } from "../lib/errors.js";
import { day, money } from "../lib/format.js";
import { PagedList } from "../lib/pages.js";
import { html, useEffect, useMemo, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { asked, confirmed } from "../controls/dialogs.js";
import { notify } from "../controls/toasts.js";
import { Trouble } from "../controls/trouble.js";

const PERIODS = ["day", "month", "total"];

export function Budgets() {
  const user = me.value?.username;
  const list = useMemo(() => new PagedList(`/budgets${query({ user })}`), [user]);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    if (user) list.more();
  }, [list]);
  const add = async (event) => {
    event.preventDefault();
    setFailure("");
    const form = event.target;
    try {
      list.put(await post("/budgets", { period: form.elements.period.value, limit: form.elements.limit.value }), { top: true });
      form.reset();
    } catch (error) {
      setFailure(explain(error).text);
    }
  };
  return html`<section class="panel stack" aria-label=${t("budgets")}><h2>${t("budgets")}</h2><p class="quiet">${t("budgets_explained")}</p>
    ${list.state.value === "failed" && html`<${Trouble} error=${list.error.value} again=${() => list.more()} />`}
    ${list.rows.value.map((budget) => html`<${Budget} budget=${budget} list=${list} key=${budget.id} />`)}
    <form class="budget-form" onSubmit=${add}>
      <label class="field"><span>${t("period")}</span><select name="period">${PERIODS.map((each) => html`<option value=${each} selected=${each === "month"}>${t(`period_${each}`)}</option>`)}</select></label>
      <label class="field"><span>${t("limit_usd")}</span><input name="limit" type="number" min="0" step="any" required /></label>
      <button class="button">${t("add_budget")}</button>
      ${failure && html`<p class="bad" role="alert">${failure}</p>`}
    </form></section>`;
}

function Budget({ budget, list }) {
  const used = Number(budget.limit) ? Math.min(1, (Number(budget.spent) + Number(budget.reserved)) / Number(budget.limit)) : 1;
  const act = async (work) => {
    try {
      await work();
    } catch (error) {
      notify({ ...explain(error), bad: true });
    }
  };
  const change = async () => {
    const limit = await asked({ title: t("change_budget"), label: t("limit_usd"), value: budget.limit, confirm: t("save") });
    if (limit !== null) await act(async () => list.put(await patch(`/budgets/${budget.id}`, { limit })));
  };
  const erase = async () => {
    if (!(await confirmed({ title: t("delete_budget"), confirm: t("delete"), danger: true }))) return;
    await act(async () => {
      await remove(`/budgets/${budget.id}`);
      list.drop(budget.id);
    });
  };
  return html`<div class="budget"><div class="key-head"><strong>${t(`period_${budget.period}`)}</strong>
      ${budget.token && html`<span class="tag">${budget.token_name}</span>`}
      <span>${t("spent_of", { spent: money(budget.spent), limit: money(budget.limit) })}</span>
      ${budget.renews_at && html`<span class="quiet">${t("renews", { day: day(budget.renews_at) })}</span>`}
      <span class="buttons">${budget.by_staff ? html`<span class="tag">${t("by_staff")}</span>` : html`<button type="button" class="button small" onClick=${change}>${t("edit")}</button><button type="button" class="button small" onClick=${erase}>${t("delete")}</button>`}</span></div>
    <span class="bar" role="img" aria-label=${`${Math.round(used * 100)} %`}><i class=${used > 0.9 ? "full" : ""} style=${{ width: `${used * 100}%` }}></i></span></div>`;
}
