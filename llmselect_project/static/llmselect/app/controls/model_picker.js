/** Chooses a model by typing: names, prices, context, what it can do, and whether there is a key. */
import { AUTO, isAuto, keyOf, modelOf, models, nameOfModel, recent, remember, usable } from "../data/registry.js";
import { compact, price } from "../lib/format.js";
import { html, useEffect, useMemo, useRef, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { openDialog } from "./dialogs.js";
import { Icon } from "./icons.js";

const ITSELF = { provider: AUTO.provider, id: AUTO.model }; // the option to have the server choose
const SHOWN = 80; // options; typing narrows them

/**
 * Opens the list and returns the choice, null when it is dismissed.
 * @param {import("../data/registry.js").Choice | null} current
 * @param {{auto?: boolean}} [offer] whether the server may be left to choose
 * @returns {Promise<import("../data/registry.js").Choice | null>}
 */
export async function chooseModel(current = null, { auto = false } = {}) {
  const choice = await openDialog(t("choose_model"), ({ close }) => html`<${Picker} current=${current} auto=${auto} close=${close} />`, { wide: true });
  if (choice) remember(choice);
  return choice;
}

/** The button that shows a choice and opens the list. */
export function ModelButton({ choice, onChoose, label = t("model"), empty = t("choose_model"), auto = false, disabled = false, className = "model-button" }) {
  const name = choice ? nameOfModel(choice) : empty;
  const open = async () => {
    const chosen = await chooseModel(choice, { auto });
    if (chosen) onChoose(chosen);
  };
  return html`<button type="button" class=${className} disabled=${disabled} onClick=${open} aria-haspopup="dialog" aria-label=${`${label}: ${name}`}>
    <span class="model-name">${name}</span>
    ${choice && keyOf(choice.provider) === "missing" && html`<span class="tag warn">${t("no_key")}</span>`}
    <${Icon} name="down" size=${14} />
  </button>`;
}

function Picker({ current, auto, close }) {
  const [words, setWords] = useState("");
  const [keyed, setKeyed] = useState(true);
  const [at, setAt] = useState(0);
  const list = useRef(null);
  const options = useMemo(() => matching(words, keyed, auto), [words, keyed, models.value]);
  const shown = options.slice(0, SHOWN);
  useEffect(() => setAt(0), [words, keyed]);
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at]);
  const take = (model) => close(model === ITSELF ? AUTO : { provider: model.provider, model: model.id });
  const move = (event) => {
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8 }[event.key];
    if (event.key === "Enter" && shown[at]) take(shown[at]);
    else if (next === undefined) return;
    else setAt(Math.max(0, Math.min(shown.length - 1, next)));
    event.preventDefault();
  };
  return html`<div class="picker">
    <div class="picker-search"><${Icon} name="search" />
      <input type="text" role="combobox" aria-expanded="true" aria-controls="model-options" aria-autocomplete="list"
        aria-activedescendant=${shown[at] ? `option-${at}` : undefined} aria-label=${t("search_models")} placeholder=${t("search_models")}
        autofocus autocomplete="off" spellcheck="false" value=${words} onInput=${(event) => setWords(event.target.value)} onKeyDown=${move} />
      <label class="check"><input type="checkbox" checked=${keyed} onChange=${(event) => setKeyed(event.target.checked)} /> ${t("only_usable")}</label>
    </div>
    <ul class="picker-list" role="listbox" id="model-options" ref=${list} aria-label=${t("models")}>
      ${shown.map((model, index) => model === ITSELF
        ? html`<${AutoOption} key="auto" index=${index} active=${index === at} current=${isAuto(current)} take=${take} />`
        : html`<${Option} model=${model} index=${index} key=${`${model.provider}/${model.id}`} active=${index === at}
        current=${current?.provider === model.provider && current?.model === model.id} take=${take} />`)}
    </ul>
    ${models.value === null && html`<p class="quiet" role="status">${t("loading")}</p>`}
    ${models.value !== null && !shown.length && html`<p class="empty">${t("no_model_found")} ${keyed && html`<button class="link" onClick=${() => setKeyed(false)}>${t("show_all_models")}</button>`}</p>`}
    ${options.length > SHOWN && html`<p class="quiet picker-more">${t("more_models", { count: options.length - SHOWN })}</p>`}
  </div>`;
}

function AutoOption({ index, active, current, take }) {
  return html`<li role="option" id=${`option-${index}`} aria-selected=${active} class=${active ? "option active" : "option"} onClick=${() => take(ITSELF)}>
    <span class="option-name"><${Icon} name="star" size=${14} /> ${t("auto")}${current && html` <${Icon} name="check" size=${14} />`}</span>
    <span class="option-id quiet">${t("auto_explained")}</span>
  </li>`;
}

function Option({ model, index, active, current, take }) {
  const key = keyOf(model.provider);
  return html`<li role="option" id=${`option-${index}`} aria-selected=${active} class=${active ? "option active" : "option"} onClick=${() => take(model)}>
    <span class="option-name">${model.name}${current && html` <${Icon} name="check" size=${14} />`}</span>
    <span class="option-id quiet">${model.provider} · ${model.id}</span>
    <span class="option-tags">
      ${model.reasoning && html`<span title=${t("can_think")}><${Icon} name="think" size=${14} /></span>`}
      ${model.vision && html`<span title=${t("can_see")}><${Icon} name="eye" size=${14} /></span>`}
      ${model.tools && html`<span title=${t("can_call")}><${Icon} name="tool" size=${14} /></span>`}
      ${key === "missing" && html`<span class="tag warn">${t("no_key")}</span>`}
      ${model.deprecated && html`<span class="tag">${t("deprecated")}</span>`}
    </span>
    <span class="option-figures quiet">${model.context_window ? compact(model.context_window) : ""}${" "}
      ${model.input_price !== null && html`<span title=${t("price_hint")}>${price(model.input_price)} / ${price(model.output_price)}</span>`}</span>
  </li>`;
}

/**
 * Finds the models that hold all words, those chosen lately first.
 * @param {string} words
 * @param {boolean} keyed
 * @param {boolean} auto whether the choice of the server is one
 */
function matching(words, keyed, auto) {
  const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (model) => {
    const text = `${model.name} ${model.id} ${model.provider}`.toLowerCase();
    return parts.every((part) => text.includes(part)) && (!keyed || usable(model));
  };
  const all = (models.value ?? []).filter(fits);
  const lately = recent.value.map((choice) => all.find((each) => each.provider === choice.provider && each.id === choice.model)).filter(Boolean);
  const itself = auto && parts.every((part) => t("auto").toLowerCase().includes(part)) ? [ITSELF] : [];
  return [...itself, ...lately, ...all.filter((model) => !lately.includes(model))];
}
