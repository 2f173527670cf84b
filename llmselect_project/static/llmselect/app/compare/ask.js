/** Where the prompt is typed and the models are chosen. */
import { keep, recall } from "../lib/storage.js";
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { grow, LIMIT } from "../chat/composer.js";
import { openDialog } from "../controls/dialogs.js";
import { Icon } from "../controls/icons.js";
import { chooseModel, ModelButton } from "../controls/model_picker.js";
import { attach, AttachButton, paste, Tray, useDropping } from "../controls/tray.js";
import { Uploads } from "../data/uploads.js";
import { blind, choose, chosen, isChosen } from "./begun.js";

const DRAFT = "draft.compare";

/**
 * @param {{run: import("./run.js").Run, send: (prompt: string, files: any[], started: () => void) => Promise<boolean>}} props
 */
export function Ask({ run, send }) {
  const [text, setText] = useState(() => recall(DRAFT, ""));
  const area = useRef(null);
  const running = run.running.value;
  const uploads = useMemo(() => new Uploads("draft.files.compare"), []);
  const over = useDropping(useCallback((files) => attach(uploads, files), [uploads]));
  const ready = text.trim() && chosen.value.length >= 2 && !running && text.length <= LIMIT && !uploads.busy;

  useEffect(() => grow(area.current), [text]);
  const submit = async () => {
    if (!ready) return;
    const prompt = text.trim();
    setText("");
    const parts = uploads.parts;
    const files = uploads.take();
    const sent = await send(prompt, parts, () => {
      keep(DRAFT, undefined);
      uploads.sent();
    });
    if (sent) return;
    setText((since) => (since ? `${prompt}\n${since}` : prompt));
    uploads.restore(files);
  };
  const press = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  };
  const type = (value) => {
    setText(value);
    keep(DRAFT, value);
  };
  const switchBlind = (event) => {
    blind.value = event.target.checked;
    keep("compare.blind", blind.value);
  };
  const openParameters = () => openDialog(t("parameters"), ({ close }) => html`<${Parameters} close=${close} />`);
  return html`<form class=${over ? "composer over" : "composer"} onSubmit=${(event) => (event.preventDefault(), submit())}>
    <div class="slots">
      ${chosen.value.map((choice, index) => html`<${Slot} choice=${choice} index=${index} key=${index} />`)}
      ${chosen.value.length < 4 && html`<button type="button" class="slot add" onClick=${add} aria-label=${t("add_model")}><${Icon} name="plus" size=${15} /> <span>${t("add_model")}</span></button>`}
    </div>
    <${Tray} uploads=${uploads} />
    <textarea ref=${area} rows="1" dir="auto" value=${text} placeholder=${isChosen(run.models()) ? t("next_prompt") : t("write_prompt")} aria-label=${t("write_prompt")}
      onInput=${(event) => type(event.target.value)} onKeyDown=${press} onPaste=${(event) => paste(uploads, event)}></textarea>
    <div class="composer-row">
      <${AttachButton} uploads=${uploads} />
      <label class="check blind-switch" title=${t("blind_hint")}><input type="checkbox" checked=${blind.value} onChange=${switchBlind} /> <${Icon} name="blind" size=${16} /> <span>${t("blind")}</span></label>
      <button type="button" class="icon-button" aria-label=${t("parameters")} title=${t("parameters")} onClick=${openParameters}><${Icon} name="settings" size=${16} /></button>
      <span class="composer-hint"></span>
      ${running
        ? html`<button type="button" class="send" aria-label=${t("stop")} title=${`${t("stop")} (Esc)`} onClick=${() => run.stop()}><${Icon} name="stop" /></button>`
        : html`<button class="send" aria-label=${t("send")} title=${t("send")} disabled=${!ready}><${Icon} name="send" /></button>`}
    </div>
  </form>`;
}

function Slot({ choice, index }) {
  const replace = (other) => choose(chosen.value.map((each, at) => (at === index ? other : each)));
  const drop = () => choose(chosen.value.filter((_, at) => at !== index));
  return html`<span class="slot">
    <${ModelButton} choice=${choice} onChoose=${replace} label=${t("model_number", { count: index + 1 })} />
    ${chosen.value.length > 2 && html`<button type="button" class="icon-button" aria-label=${t("remove_model", { count: index + 1 })} onClick=${drop}><${Icon} name="close" size=${14} /></button>`}
  </span>`;
}

async function add() {
  const choice = await chooseModel();
  if (choice) choose([...chosen.value, choice]);
}

function Parameters({ close }) {
  const given = recall("compare.parameters", {});
  const form = useRef(null);
  const save = (event) => {
    event.preventDefault();
    const used = Object.fromEntries([...new FormData(form.current)].filter(([, value]) => value !== ""));
    keep("compare.parameters", Object.keys(used).length ? used : undefined);
    close();
  };
  return html`<form class="stack" ref=${form} onSubmit=${save}>
    <label class="field"><span>${t("system_prompt")}</span>
      <textarea name="system" rows="5" maxlength="100000" dir="auto" placeholder=${t("system_prompt_hint")}>${given.system ?? ""}</textarea></label>
    <label class="field"><span>${t("reasoning_effort")}</span>
      <select name="reasoning_effort"><option value="">${t("default")}</option>
        ${["minimal", "low", "medium", "high"].map((effort) => html`<option value=${effort} selected=${given.reasoning_effort === effort}>${t(`effort_${effort}`)}</option>`)}</select></label>
    <div class="buttons"><button type="button" class="button" onClick=${() => close()}>${t("cancel")}</button><button class="button primary">${t("save")}</button></div>
  </form>`;
}
