/** Import and export: histories of other products come, with what became of each, and all of one's own goes. */
import { add, again, cancel, drop, ended, files, imports, load, sendings, takeBack } from "../data/imports.js";
import { explain } from "../lib/errors.js";
import { bytes, count, moment } from "../lib/format.js";
import { html, useCallback, useEffect, useRef, useSignal, useState } from "../lib/ui.js";
import { has, t } from "../lib/words.js";
import { confirmed } from "../controls/dialogs.js";
import { Icon } from "../controls/icons.js";
import { notify } from "../controls/toasts.js";
import { useDropping } from "../controls/tray.js";
import { Trouble } from "../controls/trouble.js";

/** @typedef {import("../data/imports.js").Import} Import */

const SOURCES = { chatgpt: "ChatGPT", claude: "Claude", openwebui: "Open WebUI", librechat: "LibreChat", llm: "llm", llmselect: "LLMSelect" };
const REASONS = { "another branch": "skipped_branch", "without content": "skipped_empty", "hidden by ChatGPT": "skipped_hidden", "other reasons": "skipped_other" };

export function History() {
  const dry = useSignal(false);
  const input = useRef(null);
  const over = useDropping(useCallback((given) => add(given, dry.value), []));
  useEffect(() => void load(), []);
  const choose = (event) => {
    add(event.target.files, dry.value);
    event.target.value = "";
  };
  const state = imports.state.value;
  return html`<section class="stack" aria-label=${t("settings_history")}>
    <div class="panel stack"><h2>${t("import_title")}</h2>
      <p>${t("import_explained")}</p>
      <details class="quiet"><summary>${t("import_where")}</summary><ul class="where">
        ${["chatgpt", "claude", "openwebui", "librechat", "llm", "llmselect"].map((name) => html`<li key=${name}><strong>${SOURCES[name]}</strong>: ${t(`import_from_${name}`)}</li>`)}
      </ul></details>
      <div class=${over ? "drop over" : "drop"}>
        <${Icon} name="file" size=${24} /><p>${t("import_drop")}</p>
        <button type="button" class="button primary" onClick=${() => input.current.click()}>${t("import_choose")}</button>
        <input ref=${input} type="file" hidden multiple name="history" accept=".zip,.json,.db,.sqlite,.sqlite3" onChange=${choose} />
        <label class="check"><input type="checkbox" name="dry_run" checked=${dry.value} onChange=${(event) => (dry.value = event.target.checked)} /> ${t("import_dry")}</label>
      </div>
      ${sendings.value.map((item) => html`<${Sent} item=${item} key=${item.key} />`)}
    </div>
    ${state === "failed" && html`<${Trouble} error=${imports.error.value} again=${load} />`}
    ${imports.rows.value.length > 0 && html`<h2 class="list-head">${t("imports_so_far")}</h2>`}
    ${imports.rows.value.map((row) => html`<${Row} row=${row} key=${row.id} />`)}
    ${state === "more" && html`<button type="button" class="button" onClick=${() => imports.more()}>${t("show_more")}</button>`}
    <div class="panel stack"><h2>${t("export_everything")}</h2><p>${t("export_everything_explained")}</p>
      <div class="buttons start"><a class="button" href="/api/v1/export" download>${t("export_jsonl")}</a>
        <a class="button" href="/api/v1/export?markdown=true" download>${t("export_with_markdown")}</a></div></div>
  </section>`;
}

/** A file on its way. @param {{item: import("../data/imports.js").Sending}} props */
function Sent({ item }) {
  const { name, size } = item.file;
  return html`<div class="import-file">
    <div class="key-head"><strong class="import-name" dir="auto">${name}</strong> <span class="quiet">${bytes(size)}</span>
      <span class="buttons"><button type="button" class="button small" onClick=${() => drop(item)}>${item.state === "failed" ? t("close") : t("cancel")}</button></span></div>
    ${item.state === "queued" && html`<p class="quiet">${t("import_queued")}</p>`}
    ${item.state === "sending" && html`<${Progress} share=${item.done} text=${item.done < 1 ? t("import_sending") : t("import_reading")} />`}
    ${item.state === "failed" && html`<${Trouble} error=${worded(item.error)} again=${item.error.code === "invalid" ? undefined : () => again(item)} />`}
  </div>`;
}

/** A file that was refused is told as such, with what the server says of it. @param {any} error */
const worded = (error) => (error.code === "invalid" ? { code: "import_refused", message: [].concat(...Object.values(error.details)).join(" ") || error.message } : error);

function Progress({ share, text }) {
  return html`<div class="import-progress"><progress max="1" value=${share} aria-label=${text}></progress>
    <span class="quiet">${text} ${Math.floor(share * 100)} %</span></div>`;
}

/** @param {{row: Import}} props */
function Row({ row }) {
  const [busy, setBusy] = useState(false);
  const act = async (work) => {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      notify({ ...explain(error), bad: true });
    } finally {
      setBusy(false);
    }
  };
  const end = ended(row);
  const nothing = row.dry_run || row.conversations.added + row.messages.added + row.comparisons.added === 0;
  const back = async () => {
    if (!nothing && !(await confirmed({ title: t("import_take_back"), text: t("import_take_back_explained", { name: row.name }), confirm: t("import_take_back"), danger: true }))) return;
    await act(async () => {
      const removed = await takeBack(row);
      if (removed && !nothing) notify({ text: removedWords(removed) });
    });
  };
  const file = files.get(row.id);
  const really = () => {
    add([file], false);
    back();
  };
  return html`<article class="panel stack import" aria-label=${row.name}>
    <div class="key-head"><h3 class="import-name" dir="auto">${row.name || t("import_unnamed")}</h3>
      <span class="tag">${SOURCES[row.source] ?? row.source}</span>
      <span class=${`tag ${row.state === "done" && !row.dry_run ? "good" : row.state === "failed" ? "warn" : ""}`}>${row.dry_run && row.state === "done" ? t("import_counted") : t(`import_state_${row.state}`)}</span>
      <span class="quiet">${bytes(row.size)} · ${moment(row.created_at)}</span></div>
    ${(row.state === "waiting" || row.state === "running") && html`<${Progress} share=${row.progress} text=${t(`import_is_${row.state}`)} />`}
    ${row.state === "removing" && html`<p class="quiet" role="status">${t("import_removing")}</p>`}
    ${row.error && html`<${Trouble} error=${{ code: "import_failed", message: row.error }} />`}
    ${(end || row.conversations.read > 0) && !(row.state === "failed" && !row.conversations.read) && html`<${Counts} row=${row} />`}
    ${Object.keys(row.reasons).length > 0 && html`<p class="quiet">${t("import_reasons")} ${reasons(row)}</p>`}
    ${row.problems.length > 0 && html`<details><summary>${t("import_problems", { count: row.problems.length })}</summary>
      <ul class="problems">${row.problems.map((each) => html`<li><span dir="auto">${each.place}</span><span class="quiet cell-more">${each.reason}</span></li>`)}</ul></details>`}
    <div class="buttons start">
      ${!end && row.state !== "removing" && html`<button type="button" class="button small" disabled=${busy} onClick=${() => act(() => cancel(row))}>${t("cancel")}</button>`}
      ${row.dry_run && row.state === "done" && file && html`<button type="button" class="button small primary" disabled=${busy} onClick=${really}>${t("import_now")}</button>`}
      ${end && html`<button type="button" class="button small" disabled=${busy} onClick=${back}>${nothing ? t("import_forget") : t("import_take_back")}</button>`}
    </div></article>`;
}

/** What became of everything, a line a kind. @param {{row: Import}} props */
function Counts({ row }) {
  const kinds = ["conversations", "messages", "comparisons"].filter((kind) => kind !== "comparisons" || row.comparisons.read > 0);
  const { updated = 0 } = row.conversations;
  return html`<div class="table-box" tabindex="0" role="group" aria-label=${t("import_result")}><table class="table counts">
      <thead><tr><td></td>${["read", row.dry_run ? "would_come" : "added", "known", "skipped"].map((name) => html`<th scope="col" class="number">${t(`import_${name}`)}</th>`)}</tr></thead>
      <tbody>${kinds.map((kind) => html`<tr key=${kind}><th scope="row">${t(`import_${kind}`)}</th>
        ${["read", "added", "known", "skipped"].map((name) => html`<td class=${name === "added" ? "number strong" : "number"}>${count(row[kind][name])}</td>`)}</tr>`)}</tbody>
    </table></div>
    ${updated > 0 && html`<p class="quiet">${t("import_updated", { count: updated })}</p>`}`;
}

/** @param {Import} row */
const reasons = (row) =>
  Object.entries(row.reasons)
    .map(([reason, number]) => `${REASONS[reason] && has(REASONS[reason]) ? t(REASONS[reason]) : reason} (${count(number)})`)
    .join(", ");

function removedWords({ conversations, messages, comparisons, kept }) {
  const parts = [t("removed_conversations", { count: conversations }), t("removed_messages", { count: messages })];
  if (comparisons) parts.push(t("removed_comparisons", { count: comparisons }));
  return `${t("import_taken_back")} ${parts.join(", ")}.${kept ? ` ${t("removed_kept", { count: kept })}` : ""}`;
}
