/** The lists of the sidebar: conversations by day, what a search finds, and comparisons; longer as one scrolls. */
import { comparisons, conversations, found, search, searched } from "../data/lists.js";
import { dayGroup, plain, shortModel } from "../lib/format.js";
import { Fragment, html, useEffect, useRef } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { actionsOf } from "../chat/header.js";
import { Icon } from "../controls/icons.js";
import { Menu } from "../controls/menu.js";
import { Trouble } from "../controls/trouble.js";

/** @param {{current: string | null}} props */
export function ConversationList({ current }) {
  useEffect(() => {
    if (conversations.state.value === "new") conversations.more();
  }, []);
  const list = found.value ?? conversations;
  return html`<div class="side-search"><${Icon} name="search" size=${16} />
      <input type="search" value=${searched.value} placeholder=${t("search_conversations")} aria-label=${t("search_conversations")} maxlength="200"
        onInput=${(event) => search(event.target.value)} onKeyDown=${(event) => event.key === "Escape" && (search(""), event.target.blur())} /></div>
    <${Rows} list=${list} timeOf=${(row) => row.last_message_at} nothing=${found.value ? t("nothing_found") : t("no_conversations")}
      row=${(row) => html`<${Conversation} row=${row} current=${row.id === current} />`} />`;
}

/** @param {{current: string | null}} props */
export function ComparisonList({ current }) {
  useEffect(() => {
    if (comparisons.state.value === "new") comparisons.more();
  }, []);
  return html`<${Rows} list=${comparisons} timeOf=${(row) => row.created_at} nothing=${t("no_comparisons")}
    row=${(row) => html`<li class="side-row" key=${row.id}><a href=${`/compare/${row.id}`} aria-current=${row.id === current ? "page" : undefined}>
      <span class="side-title" dir="auto">${plain(row.prompt)}</span>
      <span class="side-more quiet">${row.voted_at ? html`<${Icon} name="check" size=${12} /> ` : ""}${row.results.map((each) => (each.model ? shortModel(each.model) : "?")).join(" · ")}</span>
    </a></li>`} />`;
}

function Rows({ list, timeOf, row, nothing }) {
  const end = useRef(null);
  const rows = list.rows.value;
  const state = list.state.value;
  useEffect(() => {
    if (state !== "more") return undefined;
    const watch = new IntersectionObserver(([entry]) => entry.isIntersecting && list.more(), { rootMargin: "400px" });
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [list, state, rows.length]);
  const groups = [];
  for (const each of rows) {
    const day = dayGroup(timeOf(each));
    if (groups.at(-1)?.day !== day) groups.push({ day, rows: [] });
    groups.at(-1).rows.push(each);
  }
  return html`<div class="side-list">
    ${groups.map((group) => html`<${Fragment} key=${group.day}><h2 class="side-day">${group.day}</h2><ul>${group.rows.map(row)}</ul><//>`)}
    ${!rows.length && state === "complete" && html`<p class="empty">${nothing}</p>`}
    ${state === "failed" && html`<${Trouble} error=${list.error.value} again=${() => list.more()} />`}
    <div ref=${end}>${state === "loading" && html`<p class="quiet side-day" role="status">${t("loading")}</p>`}</div>
  </div>`;
}

function Conversation({ row, current }) {
  return html`<li class="side-row" key=${row.id}>
    <a href=${`/chat/${row.id}`} aria-current=${current ? "page" : undefined} title=${plain(row.title)}>
      <span class="side-title" dir="auto">${plain(row.title) || t("conversation")}</span>
      ${row.snippet && html`<span class="side-more quiet" dir="auto">${marked(row.snippet)}</span>`}
    </a>
    <${Menu} label=${`${t("conversation_actions")}: ${plain(row.title)}`} actions=${actionsOf(row)} className="icon-button side-menu" />
  </li>`;
}

/** Reads a snippet, HTML with `<mark>` alone, into nodes; a document that is parsed runs nothing. @param {string} snippet */
function marked(snippet) {
  const parsed = new DOMParser().parseFromString(snippet, "text/html");
  return [...parsed.body.childNodes].map((node) => (node.nodeName === "MARK" ? html`<mark>${node.textContent}</mark>` : node.textContent));
}
