/** Auto: what the choice of models is made from, and what a better answer is worth to whoever asks. */
import { models, nameOfModel } from "../data/registry.js";
import { get, put, remove } from "../lib/api.js";
import { explain } from "../lib/errors.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { Icon } from "../controls/icons.js";
import { chooseModel, ModelButton } from "../controls/model_picker.js";
import { notify } from "../controls/toasts.js";
import { Trouble } from "../controls/trouble.js";

const MOST = 50; // models to choose from, the API's limit
const same = (one, other) => one.provider === other.provider && one.model === other.model;

export function Selection() {
  const [values, setValues] = useState(null);
  const [error, setError] = useState(null);
  const [failure, setFailure] = useState(null);
  const load = async () => {
    setError(null);
    try {
      setValues(await get("/selection/settings"));
    } catch (refused) {
      setError(refused);
    }
  };
  useEffect(() => void load(), []);
  if (error) return html`<${Trouble} error=${error} again=${load} />`;
  if (!values || !models.value) return html`<p class="quiet" role="status">${t("loading")}</p>`;

  const set = (changes) => setValues({ ...values, ...changes });
  const act = async (work, text) => {
    setFailure(null);
    try {
      await work();
      notify({ text });
    } catch (refused) {
      setFailure(refused);
    }
  };
  const save = (event) => {
    event.preventDefault();
    act(async () => setValues(await put("/selection/settings", values)), t("selection_stored"));
  };
  const reset = () => act(async () => (await remove("/selection/settings"), await load()), t("selection_reset_done"));
  const add = async () => {
    const choice = await chooseModel();
    if (choice && !values.models.some((each) => same(each, choice))) set({ models: [...values.models, choice] });
  };
  const sentence = (name, least, most) => {
    const [before, after] = t(`selection_${name}`).split("{field}");
    const wrong = failure?.details?.[name]?.join(" ");
    return html`<label class="sentence">${before}<input type="number" name=${name} min=${least} max=${most} step="any" value=${values[name] ?? ""} placeholder=${t("selection_any")}
        aria-invalid=${wrong ? "true" : undefined} onInput=${(event) => set({ [name]: event.target.value === "" ? null : Number(event.target.value) })} />${after}
      ${wrong && html`<small class="bad" role="alert">${wrong}</small>`}</label>`;
  };
  const told = failure && !failure.details?.cents_for_better && !failure.details?.seconds_for_better ? explain(failure) : null;
  return html`<section class="stack" aria-label=${t("settings_selection")}>
    <p class="quiet">${t("selection_explained")}</p>
    <form class="panel stack" onSubmit=${save}>
      <h2>${t("selection_worth")}</h2>
      ${sentence("cents_for_better", 0.0001, 10_000)}
      ${sentence("seconds_for_better", 0.001, 86_400)}
      <p class="quiet small-print">${t("selection_empty")}</p>
      <h2>${t("selection_from")}</h2>
      ${values.models.length === 0 && html`<p>${t("selection_all")}</p>`}
      <ul class="slots">${values.models.map((each) => html`<li class="slot" key=${`${each.provider}/${each.model}`}><span class="slot-name">${nameOfModel(each)}</span>
        <button type="button" class="icon-button" aria-label=${t("remove_model_named", { model: nameOfModel(each) })} onClick=${() => set({ models: values.models.filter((other) => !same(other, each)) })}><${Icon} name="close" size=${14} /></button></li>`)}
        ${values.models.length < MOST && html`<li><button type="button" class="slot add" onClick=${add}><${Icon} name="plus" size=${15} /> <span>${values.models.length ? t("add_model") : t("selection_only")}</span></button></li>`}</ul>
      <h2>${t("selection_default")}</h2>
      <p class="sentence">${t("selection_default_text")} <span class="slot"><${ModelButton} choice=${values.default_model} label=${t("selection_default")} onChoose=${(choice) => set({ default_model: choice })} empty=${t("selection_most_used")} />
        ${values.default_model && html`<button type="button" class="icon-button" aria-label=${t("selection_no_default")} title=${t("selection_no_default")} onClick=${() => set({ default_model: null })}><${Icon} name="close" size=${14} /></button>`}</span></p>
      ${told && html`<p class="note bad" role="alert">${told.text} ${told.more}</p>`}
      <div class="buttons start"><button class="button primary">${t("save")}</button><button type="button" class="button" onClick=${reset}>${t("selection_reset")}</button></div>
    </form>
    <p class="quiet">${t("selection_votes")} <a href="/compare">${t("welcome_compare")}</a> · <a href="/arena">${t("screen_arena")}</a></p>
  </section>`;
}
