/** The system prompt and the parameters of a conversation's calls; what is left empty is the provider's default. */
import { keep, recall } from "../lib/storage.js";
import { html, useRef } from "../lib/ui.js";
import { t } from "../lib/words.js";

const EFFORTS = ["minimal", "low", "medium", "high"];

/** @param {{thread: import("./thread.js").Thread, close: (value?: any) => void}} props */
export function Parameters({ thread, close }) {
  const key = `parameters.${thread.id.value ?? "new"}`;
  const given = recall(key, {});
  const form = useRef(null);
  const save = (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form.current));
    const number = (name) => (fields[name] === "" ? "" : Number(fields[name]));
    const values = {
      system: fields.system === thread.system.value && !given.system ? "" : fields.system,
      temperature: number("temperature"),
      max_tokens: number("max_tokens"),
      reasoning_effort: fields.reasoning_effort,
      context: fields.context ? "auto" : "",
    };
    const used = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
    keep(key, Object.keys(used).length ? used : undefined);
    close();
  };
  return html`<form class="stack" ref=${form} onSubmit=${save}>
    <label class="field"><span>${t("system_prompt")}</span>
      <textarea name="system" rows="5" maxlength="100000" dir="auto" placeholder=${t("system_prompt_hint")}>${given.system ?? thread.system.value}</textarea></label>
    <div class="columns">
      <label class="field"><span>${t("temperature")}</span>
        <input name="temperature" type="number" min="0" max="2" step="0.1" placeholder=${t("default")} defaultValue=${given.temperature ?? ""} /></label>
      <label class="field"><span>${t("max_tokens")}</span>
        <input name="max_tokens" type="number" min="1" max="10000000" step="1" placeholder=${t("default")} defaultValue=${given.max_tokens ?? ""} /></label>
      <label class="field"><span>${t("reasoning_effort")}</span>
        <select name="reasoning_effort" defaultValue=${given.reasoning_effort ?? ""}>
          <option value="">${t("default")}</option>
          ${EFFORTS.map((effort) => html`<option value=${effort} selected=${given.reasoning_effort === effort}>${t(`effort_${effort}`)}</option>`)}
        </select></label>
    </div>
    <label class="check"><input type="checkbox" name="context" defaultChecked=${given.context === "auto"} /> <span>${t("context_auto")}</span></label>
    <div class="buttons"><button type="button" class="button" onClick=${() => close()}>${t("cancel")}</button>
      <button class="button primary">${t("save")}</button></div>
  </form>`;
}
