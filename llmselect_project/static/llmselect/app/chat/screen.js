/** The chat: a conversation, or the beginning of one. */
import { conversations } from "../data/lists.js";
import { firstChoice, models, remember } from "../data/registry.js";
import { plain } from "../lib/format.js";
import { keep, recall } from "../lib/storage.js";
import { html, signal, useEffect, useMemo } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { navigate, route } from "../frame/router.js";
import { whileShown } from "../frame/shortcuts.js";
import { Trouble } from "../controls/trouble.js";
import { warmUp } from "../markdown/view.js";
import { explainChoice, turnsOf } from "./choosing.js";
import { Composer } from "./composer.js";
import { Header } from "./header.js";
import { Messages } from "./messages.js";
import { newThread, threadOf } from "./opened.js";
import { Welcome } from "./welcome.js";

/** The conversation that has not begun. */
const blank = signal(newThread());
/** What went wrong with the last message of each conversation. @type {WeakMap<import("./thread.js").Thread, any>} */
const refusals = new WeakMap();
const refusal = signal(0);

/**
 * Begins a conversation with turns from elsewhere, as after a comparison.
 * @param {import("../data/registry.js").Choice} choice
 * @param {{role: string, content: string}[]} seed
 */
export function continueWith(choice, seed) {
  const thread = newThread();
  thread.choice.value = choice;
  thread.seed = seed;
  thread.messages.value = seed.map((turn) => ({ ...thread.local(/** @type {any} */ (turn.role), turn.content), ...choice }));
  blank.value = thread;
  remember(choice);
  navigate("/chat");
}

/** Leaves what was begun, and shows an empty chat. */
export function newChat() {
  if (blank.value.id.value || blank.value.seed.length) blank.value = newThread();
  navigate("/");
  requestAnimationFrame(() => document.querySelector(".composer textarea")?.focus());
}

export function ChatScreen() {
  const id = route.value.screen === "chat" ? route.value.id : null;
  const thread = id ? threadOf(id) : blank.value;
  const own = thread.id.value;

  useEffect(() => {
    if (id) thread.load();
  }, [thread]);
  // A new conversation has an address as soon as the server has given it an id.
  useEffect(() => {
    if (!id && own) {
      navigate(`/chat/${own}`, { replace: true });
      blank.value = newThread();
    }
  }, [own]);
  useEffect(() => {
    document.title = thread.title.value ? `${plain(thread.title.value)} · LLMSelect` : "LLMSelect";
  }, [thread.title.value, thread]);
  useEffect(() => {
    if (!thread.choice.value && models.value) thread.choice.value = firstChoice({ auto: true });
  }, [thread, models.value]);
  useEffect(() => whileShown({ Escape: () => thread.stop() }), [thread]);
  useEffect(() => {
    if (thread.messages.value.length) warmUp();
  }, [thread.messages.value.length > 0]);

  const actions = useMemo(() => actionsOn(thread), [thread]);
  void refusal.value;
  const error = refusals.get(thread);
  const state = thread.state.value;
  const empty = state === "ready" && !thread.messages.value.length;
  return html`<div class="chat">
    <${Header} thread=${thread} />
    ${state === "missing" && html`<div class="middle"><p class="empty">${t("conversation_missing")}</p><a class="button" href="/">${t("new_chat")}</a></div>`}
    ${state === "failed" && html`<div class="middle"><${Trouble} error=${thread.error.value} again=${() => thread.load()} /></div>`}
    ${state === "loading" && html`<div class="middle"><p class="quiet" role="status">${t("loading")}</p></div>`}
    ${empty && html`<${Welcome} thread=${thread} />`}
    ${state === "ready" && !empty && html`<${Messages} thread=${thread} actions=${actions} key=${thread} />`}
    ${(state === "ready" || state === "loading") && html`<div class="foot">
      ${error && html`<${Trouble} error=${error} provider=${thread.choice.value?.provider} />`}
      <${Composer} thread=${thread} send=${actions.send} key=${thread.id.value ?? "new"} />
    </div>`}
  </div>`;
}

/** What one can do with the messages of a conversation; each tells whether it was not refused. @param {Thread} thread */
function actionsOn(thread) {
  const parameters = () => recall(`parameters.${thread.id.value ?? "new"}`, {});
  const attempt = async (act) => {
    refusals.delete(thread);
    refusal.value += 1;
    try {
      await act();
      return true;
    } catch (error) {
      refusals.set(thread, error);
      refusal.value += 1;
      return false;
    }
  };
  const send = (text, files, started) =>
    attempt(() =>
      thread.send(text, files, parameters(), () => {
        const given = recall("parameters.new", undefined);
        if (given) keep(`parameters.${thread.id.value}`, given);
        started();
        if (!thread.title.value) loadTitle(thread);
      }),
    );
  const retry = (message, choice) => {
    if (choice) thread.choice.value = choice;
    return attempt(() => thread.retry(message, parametersToRepeat(parameters())));
  };
  const edit = (message, text) => attempt(() => thread.edit(message, text, parametersToRepeat(parameters())));
  const goOn = (message) => attempt(() => thread.goOn(message, parametersToRepeat(parameters())));
  const before = (message) => thread.messages.value.slice(0, thread.messages.value.findIndex((each) => each.key === message.key));
  const question = (message) => before(message).findLast((each) => each.role === "user");
  return {
    send,
    retry,
    goOn,
    edit,
    drop: (message) => attempt(() => thread.drop(message)),
    /** Has two models answer the question of an answer, blind. */
    compare: async (message, models) => (await import("../compare/begun.js")).compareNow({ prompt: question(message).content, models, files: question(message).parts ?? [] }),
    /** Shows how the model of an answer is chosen. */
    why: (message) => explainChoice(turnsOf(before(message))),
  };
}

/** What a retry takes of the parameters: the system prompt is the conversation's own. */
const parametersToRepeat = ({ system, ...others }) => others;

/** @param {Thread} thread */
async function loadTitle(thread) {
  await conversations.refresh();
  const row = conversations.rows.value.find((each) => each.id === thread.id.value);
  if (row) thread.title.value = row.title;
}
