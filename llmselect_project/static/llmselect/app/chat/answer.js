/** A model's answer: Markdown, what it thought, how it ended, what it took, and how to have it again. */
import { nameOfModel } from "../data/registry.js";
import { count, duration, moment, money, speed } from "../lib/format.js";
import { html, memo, useEffect, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { CopyButton } from "../controls/copy.js";
import { Icon } from "../controls/icons.js";
import { Menu } from "../controls/menu.js";
import { chooseModel } from "../controls/model_picker.js";
import { Trouble } from "../controls/trouble.js";
import { LiveMarkdown, Markdown } from "../markdown/view.js";
import { Chosen, Suggested } from "./choosing.js";

/** @param {{message: import("./thread.js").Message, busy: boolean, newest: boolean, actions: any}} props */
export const Answer = memo(function Answer({ message, busy, newest, actions }) {
  const { live } = message;
  const writing = Boolean(live && !live.ended.value);
  const name = nameOfModel(message);
  const another = async () => {
    const choice = await chooseModel({ provider: message.provider, model: message.model }, { auto: true });
    if (choice) actions.retry(message, choice);
  };
  // The first answer to a question that failed may be missing: then the question is asked again.
  const may = newest && !busy && message.id !== null;
  return html`<article class="message answer" aria-label=${t("answer_of", { model: name })} aria-busy=${writing}>
    <p class="author"><span class="author-name">${name}</span> <span class="quiet">${message.provider}</span></p>
    ${message.selection && html`<${Chosen} message=${message} actions=${actions} />`}
    <${Reasoning} message=${message} writing=${writing} />
    ${live ? html`<${LiveMarkdown} text=${live.text} ended=${live.ended} />` : html`<${Markdown} text=${message.content} />`}
    ${writing && html`<${Waiting} live=${live} />`}
    ${!writing && html`<${Ending} message=${message} again=${may ? () => actions.retry(message) : undefined} />`}
    ${!writing && html`<${Suggested} message=${message} actions=${actions} />`}
    ${!writing && html`<div class="message-foot">
      <${Figures} message=${message} />
      <span class="tools">
        <${CopyButton} text=${() => message.content} />
        ${may && message.status === "interrupted" && html`<button type="button" class="button small" onClick=${() => actions.goOn(message)}>${t("go_on")}</button>`}
        ${may && html`<button type="button" class="icon-button" aria-label=${t("regenerate")} title=${t("regenerate")} onClick=${() => actions.retry(message)}><${Icon} name="again" size=${16} /></button>`}
        ${may && html`<button type="button" class="icon-button" aria-label=${t("regenerate_other")} title=${t("regenerate_other")} onClick=${another}><${Icon} name="swap" size=${16} /></button>`}
        ${message.usage && html`<${Menu} label=${t("details")} actions=${[{ label: moment(message.created_at) }, ...detailsOf(message)].map((each) => ({ act() {}, ...each }))} />`}
      </span>
    </div>`}
  </article>`;
});

/** What the model thought, folded once it answers. */
export function Reasoning({ message, writing }) {
  const { live } = message;
  const text = live ? live.reasoning.value : message.reasoning;
  const thinking = writing && !live.text.value;
  const [open, setOpen] = useState(false);
  if (!text) return null;
  return html`<details class="reasoning" open=${open || thinking} onToggle=${(event) => !thinking && setOpen(event.target.open)}>
    <summary><${Icon} name="think" size=${16} /> ${thinking ? t("thinking") : t("thoughts")}</summary>
    <div class="reasoning-text" dir="auto">${thinking && text.length > 4000 ? `… ${text.slice(-4000)}` : text}</div>
  </details>`;
}

/** Says that the model is at work, and since when, while nothing is written. */
function Waiting({ live }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds(Math.round((performance.now() - live.began) / 1000)), 1000);
    return () => clearInterval(timer);
  }, [live]);
  return html`<p class="waiting" aria-hidden="true"><span class="dots"><i></i><i></i><i></i></span>${seconds > 2 && !live.text.value && html`<span class="quiet"> ${seconds} s</span>`}</p>`;
}

/** Says when an answer is not whole, and why. */
function Ending({ message, again }) {
  if (message.error) return html`<${Trouble} error=${message.error} provider=${message.provider} again=${again} />`;
  if (message.status === "error") return html`<${Trouble} error=${{ code: "provider_error", message: "" }} again=${again} />`;
  if (message.status === "interrupted") return html`<p class="note">${t("interrupted")} ${again && html`<button type="button" class="link" onClick=${again}>${t("regenerate")}</button>`}</p>`;
  if (message.finish_reason === "length") return html`<p class="note">${t("ended_length")}</p>`;
  if (message.finish_reason === "content_filter") return html`<p class="note">${t("ended_filter")}</p>`;
  return null;
}

/** Cost, tokens and time under an answer. */
export function Figures({ message }) {
  const parts = [];
  if (message.cost !== null) parts.push(html`<span title=${t("cost")}>${message.estimated ? "≈ " : ""}${money(message.cost)}</span>`);
  if (message.completion_tokens !== null)
    parts.push(html`<span title=${t("tokens_in_out")}>${count(message.prompt_tokens)} → ${count(message.completion_tokens)} ${t("tokens")}</span>`);
  if (message.time !== null) parts.push(html`<span title=${t("time_whole", { ttft: duration(message.ttft) })}>${duration(message.time)}</span>`);
  const pace = speed(message.completion_tokens, message.time, message.ttft);
  if (pace) parts.push(html`<span>${pace}</span>`);
  return html`<span class="figures quiet">${parts}</span>`;
}

/** @param {import("./thread.js").Message} message */
function detailsOf(message) {
  const { usage } = message;
  const line = (name, value) => (value === null || value === undefined ? null : { label: `${t(name)}: ${value}` });
  return [
    line("time_first", message.ttft === null ? null : duration(message.ttft)),
    line("cached_tokens", usage.cache_read_tokens === null ? null : count(usage.cache_read_tokens)),
    line("reasoning_tokens", usage.reasoning_tokens === null ? null : count(usage.reasoning_tokens)),
    line("finish_reason", message.finish_reason),
  ].filter(Boolean);
}
