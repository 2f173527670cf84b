/** The line above a conversation: its title, its model, its parameters, and what can be done with it. */
import { conversations } from "../data/lists.js";
import { forgetThread } from "./opened.js";
import { patch, remove } from "../lib/api.js";
import { explain } from "../lib/errors.js";
import { plain } from "../lib/format.js";
import { html } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { navigate, route } from "../frame/router.js";
import { MenuButton } from "../frame/drawer.js";
import { asked, confirmed, openDialog } from "../controls/dialogs.js";
import { Icon } from "../controls/icons.js";
import { Menu } from "../controls/menu.js";
import { notify } from "../controls/toasts.js";
import { Parameters } from "./parameters.js";

/** @param {{thread: import("./thread.js").Thread}} props */
export function Header({ thread }) {
  const id = thread.id.value;
  const openParameters = () => openDialog(t("parameters"), ({ close }) => html`<${Parameters} thread=${thread} close=${close} />`);
  return html`<header class="head">
    <${MenuButton} />
    <h1 class="head-title" dir="auto">${plain(thread.title.value) || (id ? t("conversation") : t("new_chat"))}</h1>
    <button type="button" class="icon-button" aria-label=${t("parameters")} title=${t("parameters")} onClick=${openParameters}><${Icon} name="settings" /></button>
    ${id && html`<${Menu} label=${t("conversation_actions")} actions=${actionsOf({ id, title: thread.title.value }, thread)} />`}
  </header>`;
}

/**
 * What can be done with a conversation, here and in the list.
 * @param {{id: string, title: string}} row
 * @param {import("./thread.js").Thread} [thread]
 * @returns {import("../controls/menu.js").Action[]}
 */
export function actionsOf(row, thread) {
  const at = `/api/v1/conversations/${row.id}/export`;
  return [
    { label: t("rename"), icon: "edit", act: () => rename(row, thread) },
    { label: t("share"), icon: "out", act: async () => (await import("./sharing.js")).share(row) },
    { label: t("export_markdown"), icon: "export", href: `${at}?format=markdown`, download: true },
    { label: t("export_json"), icon: "export", href: `${at}?format=json`, download: true },
    { label: t("delete"), icon: "trash", danger: true, act: () => erase(row) },
  ];
}

async function rename(row, thread) {
  const title = await asked({ title: t("rename"), label: t("title"), value: row.title, confirm: t("save") });
  if (!title || title === row.title) return;
  try {
    const changed = await patch(`/conversations/${row.id}`, { title });
    conversations.put(changed);
    if (thread) thread.title.value = changed.title;
  } catch (error) {
    notify({ ...explain(error), bad: true });
  }
}

async function erase(row) {
  if (!(await confirmed({ title: t("delete_conversation"), text: row.title, confirm: t("delete"), danger: true }))) return;
  try {
    await remove(`/conversations/${row.id}`);
    conversations.drop(row.id);
    forgetThread(row.id);
    notify({ text: t("conversation_deleted") });
    if (route.value.id === row.id) navigate("/");
  } catch (error) {
    notify({ ...explain(error), bad: true });
  }
}
