/** A comparison that is shown: begun, streaming in columns, voted on. It goes on when another screen is shown. */
import { comparisons } from "../data/lists.js";
import { Live, Stopper } from "../data/live.js";
import { modelOf } from "../data/registry.js";
import { announce } from "../controls/toasts.js";
import { get, post, remove } from "../lib/api.js";
import { eventsOf } from "../lib/events.js";
import { batch, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";

/**
 * @typedef {import("../data/registry.js").Choice} Choice
 * @typedef {{index: number, provider: string | null, model: string | null, response: string, error: any, time: number | null,
 *   ttft: number | null, reasoning: string | null, finish_reason: string | null, prompt_tokens: number | null,
 *   completion_tokens: number | null, cost: string | null, estimated: boolean | null}} Result
 * @typedef {{id: string, prompt: string, attachments: any[] | null, blind: boolean, revealed: boolean, preferred_index: number | null, both_bad: boolean,
 *   voted_at: string | null, analysis: string | null, created_at: string, results: Result[],
 *   running?: {stream_id: string, url: string} | null}} Comparison
 */

const ELSEWHERE = 2000; // ms between looks at a comparison that cannot be followed

/** One of the answers: what streams, and what is stored of it in the end. */
class Column {
  constructor(index) {
    this.index = index;
    this.live = new Live();
    this.failure = signal(null);
  }
}

export class Run {
  /** @param {string | null} id */
  constructor(id) {
    this.id = signal(id);
    this.prompt = signal("");
    /** @type {import("../vendor/signals.js").Signal<any[]>} the parts of the files that went with it */
    this.files = signal([]);
    this.blind = true;
    /** @type {Choice[]} whom one asked here; of a comparison that was read, its results say it */
    this.asked = [];
    /** @type {import("../vendor/signals.js").Signal<Column[]>} what streams here; empty for one that was read */
    this.columns = signal([]);
    /** @type {import("../vendor/signals.js").Signal<Comparison | null>} */
    this.row = signal(null);
    this.state = signal(id ? "new" : "ready"); // new, loading, ready, missing, failed
    this.running = signal(false);
    this.error = signal(null);
    this.judging = signal(false);
    this.refusal = signal(null); // why the server did not take what was asked
    this.stopper = new Stopper();
  }

  /** Reads a stored comparison, and follows it if its answers are being written. */
  async load() {
    if (this.running.value || this.state.value === "loading") return;
    const first = this.row.value === null;
    if (first) this.state.value = "loading";
    try {
      const row = await get(`/comparisons/${this.id.value}`);
      this.take(row);
      if (row.running) this.follow(row.running.url);
    } catch (error) {
      this.error.value = error;
      if (first) this.state.value = error.status === 404 ? "missing" : "failed";
    }
  }

  /** @param {Comparison} row */
  take(row) {
    batch(() => {
      this.row.value = row;
      this.prompt.value = row.prompt;
      this.files.value = row.attachments ?? [];
      this.state.value = "ready";
      this.error.value = null;
    });
    if (comparisons.state.value !== "new") comparisons.put(row);
  }

  /**
   * Asks the models; `started` is called once the server has stored the prompt. Throws ApiError when it did not.
   * @param {{prompt: string, models: Choice[], blind: boolean, system?: string, attachments?: string[]}} asked
   * @param {any[]} files the parts of the files that go with it
   * @param {() => void} started
   */
  async start(asked, files, started) {
    this.refusal.value = null;
    if (files.length) asked = { ...asked, attachments: files.map((part) => part.file_id) };
    batch(() => {
      this.prompt.value = asked.prompt;
      this.files.value = files;
      this.blind = asked.blind;
      this.asked = asked.models;
      this.columns.value = asked.models.map((_, index) => new Column(index));
      this.running.value = true;
    });
    try {
      await this.read("/compare/stream", asked, started);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.refusal.value = error;
      throw error;
    }
  }

  /** Reads answers that are being written already, from their beginning: this page was loaded meanwhile. @param {string} url */
  async follow(url) {
    this.running.value = true;
    try {
      await this.read(url, null, () => {});
    } catch {
      // They have just ended, or are out of reach: then they are shown once they are stored.
      setTimeout(() => this.load(), ELSEWHERE);
    }
  }

  /**
   * Reads a stream to its end. Throws ApiError and AbortError when it did not begin.
   * @param {string} path
   * @param {any} body null to follow a stream that has begun
   * @param {() => void} started
   */
  async read(path, body, started) {
    let begun = false;
    try {
      for await (const events of eventsOf(path, body, this.stopper.abort.signal)) {
        const start = events.find((event) => event.event === "start");
        if (start && !begun) {
          begun = true;
          this.begin(start);
          started();
        }
        this.share(events);
      }
    } catch (error) {
      if (!begun) {
        batch(() => {
          this.columns.value = [];
          this.running.value = false;
        });
        throw error;
      }
    }
    await this.finish();
  }

  /** @param {{url: string, comparison_id: string, total: number}} start */
  begin({ url, comparison_id: id, total }) {
    this.stopper.begun(url);
    if (this.columns.value.length !== total) this.columns.value = Array.from({ length: total }, (_, index) => new Column(index));
    this.id.value = id;
    runs.set(id, this);
    announce(t("models_writing", { count: total }));
  }

  /** Hands the events to their columns, which draw once for all that arrived together. @param {any[]} events */
  share(events) {
    batch(() => {
      for (const column of this.columns.value) {
        const own = events.filter((event) => event.index === column.index);
        if (!own.length) continue;
        column.live.add(own);
        const end = own.find((event) => event.event === "complete" || event.event === "error");
        if (!end) continue;
        column.live.ended.value = true;
        column.failure.value = end.event === "error" ? end : end.error;
      }
    });
  }

  async finish() {
    // A comparison that was stopped is stored once the server has noticed.
    for (const wait of [0, 300, 1500, 4000]) {
      if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
      await this.loadEnd();
      if (this.row.value?.results.every((each) => each.response || each.error)) break;
    }
    batch(() => {
      for (const column of this.columns.value) column.live.ended.value = true;
      this.running.value = false;
    });
    announce(t("answers_complete"));
  }

  async loadEnd() {
    try {
      const row = await get(`/comparisons/${this.id.value}`);
      this.take(row);
      comparisons.put(row, { top: true });
    } catch (error) {
      this.error.value = error;
    }
  }

  stop() {
    this.stopper.stop();
  }

  /** Votes for an answer, a tie (null), or against all. Throws ApiError. @param {number | null} index @param {boolean} [bad] */
  async vote(index, bad = false) {
    this.take(await post(`/comparisons/${this.id.value}/vote`, { preferred_index: index, both_bad: bad }));
    announce(this.unveiled());
  }

  /** Takes the vote back. Throws ApiError. */
  async unvote() {
    this.take(await remove(`/comparisons/${this.id.value}/vote`));
  }

  /** Has a model judge the answers. Throws ApiError. @param {Choice} choice */
  async judge(choice) {
    this.judging.value = true;
    try {
      this.take(await post(`/comparisons/${this.id.value}/analyze`, choice));
    } finally {
      this.judging.value = false;
    }
  }

  /** The models that were asked, as far as one may know them. @returns {Choice[]} */
  models() {
    const named = this.row.value?.results.filter((each) => each.provider && each.model) ?? [];
    return named.length ? named.map((each) => ({ provider: /** @type {string} */ (each.provider), model: /** @type {string} */ (each.model) })) : this.asked;
  }

  /** Says which answer is by which model. */
  unveiled() {
    const results = this.row.value?.results ?? [];
    return results.map((each) => `${letter(each.index)}: ${modelOf(/** @type {any} */ (each))?.name ?? each.model}`).join(", ");
  }
}

/** Names an answer before it is known who wrote it. @param {number} index */
export const letter = (index) => "ABCD"[index];

/** @type {Map<string, Run>} */
const runs = new Map();

/** Returns the comparison with an id, as it was left. @param {string} id */
export function runOf(id) {
  const run = runs.get(id) ?? new Run(id);
  runs.set(id, run);
  for (const [old, each] of runs) if (runs.size > 8 && !each.running.value && old !== id) runs.delete(old);
  return run;
}

/** @param {string} id */
export function forgetRun(id) {
  runs.get(id)?.stop();
  runs.delete(id);
}
