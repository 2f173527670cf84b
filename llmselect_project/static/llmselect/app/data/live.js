/** An answer while it is written: its text, what the model thinks, and how far it is. */
import { post } from "../lib/api.js";
import { batch, signal } from "../lib/ui.js";

/** What can be stopped of a stream, also before it is known where it is. */
export class Stopper {
  constructor() {
    this.abort = new AbortController();
    this.stopped = false;
    /** @type {string | null} */
    this.url = null;
  }

  /** Takes where the stream is, as its first event says. @param {string} url */
  begun(url) {
    this.url = url;
    if (this.stopped) this.stop();
  }

  /** Stops the model; the server keeps what has arrived. Leaving the stream would not stop it. */
  async stop() {
    this.stopped = true;
    if (!this.url) return;
    try {
      await post(`${this.url}/stop`);
    } catch {
      this.abort.abort(); // out of reach: then at least nothing more is read
    }
  }
}

export class Live extends Stopper {
  /** @param {string} [text] what is there already */
  constructor(text = "") {
    super();
    this.text = signal(text);
    this.reasoning = signal("");
    this.ended = signal(false);
    this.began = performance.now();
    /** Seconds to the first piece, measured here. @type {number | null} */
    this.first = null;
  }

  /** Adds the pieces that arrived together. @param {any[]} events */
  add(events) {
    const joined = (kind, field) =>
      events
        .filter((event) => event.event === kind)
        .map((event) => event[field] ?? event.content ?? "")
        .join("");
    const text = joined("chunk", "chunk");
    const reasoning = joined("reasoning", "content");
    if (this.first === null && (text || reasoning)) this.first = (performance.now() - this.began) / 1000;
    batch(() => {
      if (text) this.text.value += text;
      if (reasoning) this.reasoning.value += reasoning;
    });
  }
}
