/** A conversation that is open: its messages, and the answer that is being written. It goes on when another is shown. */
import { conversations } from "../data/lists.js";
import { Live } from "../data/live.js";
import { AUTO, isAuto, named, nameOfModel } from "../data/registry.js";
import { merged, unstored, withKey } from "./merging.js";
import { announce } from "../controls/toasts.js";
import { get, patch, query, remove } from "../lib/api.js";
import { eventsOf } from "../lib/events.js";
import { keep, recall } from "../lib/storage.js";
import { batch, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";

/**
 * @typedef {{id: string | null, key: string, role: "user" | "assistant", content: string, parts: any[] | null, reasoning: string | null, provider: string,
 *   model: string, status: string, finish_reason: string | null, prompt_tokens: number | null, completion_tokens: number | null,
 *   usage: any, cost: string | null, estimated: boolean, time: number | null, ttft: number | null, created_at: string,
 *   live?: Live, error?: any, selection?: import("./choosing.js").Selection, page: number}} Message
 * `page` numbers what was read together: 0 the newest messages, less the older ones
 * @typedef {import("../data/registry.js").Choice} Choice
 */

const OLDER = 48; // messages a page
const ELSEWHERE = 2000; // ms between looks at an answer that cannot be followed
const AT_ONCE = 16; // of them, shown in one frame

export class Thread {
  /**
   * @param {string | null} id null for a conversation that begins with its first message
   * @param {(id: string) => void} begun called with the id once it has one
   */
  constructor(id, begun = () => {}) {
    this.id = signal(id);
    this.begun = begun;
    this.title = signal("");
    this.system = signal("");
    /** @type {import("../vendor/signals.js").Signal<Choice | null>} */
    this.choice = signal(null);
    /** @type {import("../vendor/signals.js").Signal<Message[]>} */
    this.messages = signal([]);
    this.older = signal(null);
    this.state = signal(id ? "new" : "ready"); // new, loading, ready, missing, failed
    this.error = signal(null);
    /** @type {import("../vendor/signals.js").Signal<Live | null>} */
    this.live = signal(null);
    /** @type {{role: string, content: string}[]} turns from elsewhere, which the first message takes along */
    this.seed = [];
    this.readingOlder = false;
    /** @type {any[]} older messages that were read and are not shown yet */
    this.unshown = [];
    this.next = null;
  }

  /** Reads the newest messages. */
  async load() {
    if (this.state.value === "loading" || this.live.value) return;
    const first = this.state.value !== "ready";
    if (first) this.state.value = "loading";
    try {
      const told = await get(`/conversations/${this.id.value}`);
      if (this.live.value) return;
      batch(() => {
        this.title.value = told.title;
        this.system.value = told.system ?? this.system.value;
        if (first || !this.choice.value) this.choice.value = recall(`auto.${told.id}`, false) ? AUTO : { provider: told.provider, model: told.model };
        // What was read before stays, unless so much is new that the two do not meet.
        const known = new Set(this.messages.value.map((each) => each.id));
        const meets = told.messages.some((row) => known.has(row.id));
        this.messages.value = meets ? merged(this.messages.value, told.messages) : told.messages.map(withKey);
        if (!meets) {
          this.older.value = told.older_messages;
          this.unshown = [];
        }
        this.state.value = "ready";
      });
      if (told.running) this.follow(told.running.url);
    } catch (error) {
      this.error.value = error;
      if (first) this.state.value = error.status === 404 ? "missing" : "failed";
    }
  }

  /** Reads an answer that is being written already: this page was loaded meanwhile, or it was asked for elsewhere. @param {string} url */
  async follow(url) {
    const before = this.messages.value;
    const last = before.at(-1)?.role === "assistant" ? before.at(-1) : null;
    if (last) this.messages.value = before.slice(0, -1); // it is being written again, or continued
    try {
      await this.read(url, null, () => {}, this.messages.value.length, last?.content);
    } catch {
      // It has just ended, or another process writes it: then it is shown once it is stored.
      this.messages.value = before;
      setTimeout(() => this.load(), ELSEWHERE);
    }
  }

  /** Shows some messages before the oldest one, a few at a time, since drawing many stalls the page; returns whether there were any. */
  async loadOlder() {
    const link = this.older.value;
    if (!link || this.readingOlder) return false;
    this.readingOlder = true;
    try {
      if (!this.unshown.length) {
        const page = await get(`${link}&page_size=${OLDER}`);
        this.unshown = page.results;
        this.next = page.next;
      }
      batch(() => {
        const number = (this.messages.value[0]?.page ?? 0) - 1;
        const shown = this.unshown.splice(-AT_ONCE).map((row) => ({ ...withKey(row), page: number }));
        this.messages.value = [...shown, ...this.messages.value];
        if (!this.unshown.length) this.older.value = this.next;
      });
      return true;
    } finally {
      this.readingOlder = false;
    }
  }

  /**
   * Sends a message and reads the answer; `started` is called once the server has stored it. Throws ApiError when it
   * was not stored.
   * @param {string} text
   * @param {any[]} files the parts of the files that go with it
   * @param {Record<string, any>} parameters
   * @param {() => void} started
   */
  async send(text, files, parameters, started) {
    const choice = /** @type {Choice} */ (this.choice.value);
    const turns = this.seed.length ? { messages: [...this.seed, { role: "user", content: text }] } : { message: text };
    const body = { ...parameters, ...named(choice), ...turns };
    if (this.id.value) body.conversation_id = this.id.value;
    if (files.length) body.attachments = files.map((part) => part.file_id);
    const question = { ...this.local("user", text), parts: files };
    this.messages.value = [...this.messages.value, question];
    try {
      await this.read("/chat/stream", body, started);
    } catch (error) {
      this.messages.value = this.messages.value.filter((each) => each.key !== question.key);
      throw error;
    }
  }

  /**
   * Answers a question again, by the same model or another one.
   * @param {Message} message the question or its answer
   * @param {Record<string, any>} parameters
   */
  retry(message, parameters) {
    return this.again("retry", message, { ...parameters, ...named(/** @type {Choice} */ (this.choice.value)) });
  }

  /** Goes on with an answer that was interrupted. @param {Message} message @param {Record<string, any>} parameters */
  goOn(message, parameters) {
    return this.again("continue", message, parameters, message.content);
  }

  /** Puts what is written in the place of an answer. */
  async again(action, message, body, text = "") {
    const before = this.messages.value;
    const at = before.indexOf(message);
    this.messages.value = message.role === "assistant" ? before.filter((each) => each !== message) : before;
    try {
      const place = message.role === "assistant" ? at : at + 1;
      await this.read(`/messages/${message.id}/${action}/stream`, body, () => {}, place, text);
    } catch (error) {
      this.messages.value = before;
      throw error;
    }
  }

  /** Changes the last question and has it answered. @param {Message} question @param {string} text @param {Record<string, any>} parameters */
  async edit(question, text, parameters) {
    const changed = withKey(await patch(`/messages/${question.id}`, { content: text }));
    const at = this.messages.value.findIndex((each) => each.id === question.id);
    this.messages.value = [...this.messages.value.slice(0, at), { ...changed, key: question.key, page: question.page }];
    await this.retry(this.messages.value[at], parameters);
  }

  /** Deletes a question with its answer. @param {Message} message */
  async drop(message) {
    await remove(`/messages/${message.id}`);
    await this.load();
  }

  /** Stops the answer that is being written. */
  stop() {
    this.live.value?.stop();
  }

  /**
   * Reads a stream into a new answer at a place. Throws ApiError when it did not begin.
   * @param {string} path
   * @param {any} body null to follow a stream that has begun
   * @param {() => void} started
   * @param {number} [place]
   * @param {string} [text] what is there of the answer if it is continued
   */
  async read(path, body, started, place = this.messages.value.length, text = "") {
    const live = new Live(body ? text : "");
    let answer = { ...this.local("assistant", ""), live };
    this.live.value = live;
    this.messages.value = this.messages.value.toSpliced(place, 0, answer);
    announce(t("is_writing", { model: this.choice.value ? nameOfModel(this.choice.value) : "" }));
    let begun = false;
    let failure = null;
    try {
      for await (const events of eventsOf(path, body, live.abort.signal)) {
        const start = events.find((event) => event.event === "start");
        if (start) {
          begun = true;
          if (start.continues) live.text.value = text;
          live.begun(start.url);
          this.begin(start.conversation_id);
          started();
        }
        const told = events.findLast((event) => event.selection);
        if (told) {
          const { provider, model } = told.selection;
          answer = { ...answer, provider, model, selection: told.selection };
          this.replace(answer.key, answer);
        }
        live.add(events);
        failure = events.find((event) => event.event === "error") ?? failure;
      }
    } catch (error) {
      if (!begun && error.name !== "AbortError") {
        this.messages.value = this.messages.value.filter((each) => each.key !== answer.key);
        this.finish(live);
        throw error;
      }
      failure = error.name === "AbortError" ? { stopped: true } : error;
    }
    if (failure?.error === "interrupted") failure = { stopped: true };
    await this.settle(answer, live, failure);
  }

  /** @param {string} id */
  begin(id) {
    const fresh = this.id.value === null;
    this.seed = [];
    keep(`auto.${id}`, isAuto(this.choice.value) || undefined);
    if (fresh) {
      this.id.value = id;
      this.begun(id);
    }
    conversations.refresh();
  }

  /** Puts what the server has stored in the place of what was drawn. */
  async settle(answer, live, failure) {
    const stopped = failure?.stopped === true;
    const shown = { ...answer, content: live.text.value, reasoning: live.reasoning.value || null, error: stopped ? null : failure };
    if (failure) shown.status = live.text.value ? "interrupted" : "error";
    this.replace(answer.key, shown);
    this.finish(live);
    announce(t(stopped ? "interrupted" : failure ? "answer_failed" : "answer_complete"));
    // A stopped answer is stored once the server has noticed.
    for (const wait of stopped ? [150, 600, 2000, 5000] : [0]) {
      if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
      if (this.live.value || (await this.renew(shown.key))) break;
    }
    conversations.refresh();
  }

  /** Takes ids and figures of the newest messages; returns whether the answer is stored. @param {string} key */
  async renew(key) {
    if (!this.id.value) return true;
    try {
      const page = await get(`/conversations/${this.id.value}/messages${query({ page_size: 4 })}`);
      if (this.live.value) return true;
      const stored = page.results.at(-1);
      const drawn = this.messages.value.find((each) => each.key === key);
      if (stored?.role === "assistant" && stored.content.length < (drawn?.content.length ?? 0)) return false; // as it was before
      this.messages.value = merged(this.messages.value, page.results, drawn);
      return stored?.role === "assistant";
    } catch {
      return true; // it is read again with the conversation
    }
  }

  replace(key, message) {
    this.messages.value = this.messages.value.map((each) => (each.key === key ? message : each));
  }

  finish(live) {
    batch(() => {
      live.ended.value = true;
      if (this.live.value === live) this.live.value = null;
    });
  }

  /** @param {"user" | "assistant"} role @param {string} content @returns {Message} */
  local(role, content) {
    return /** @type {Message} */ ({ ...unstored(), ...this.choice.value, role, content });
  }
}
