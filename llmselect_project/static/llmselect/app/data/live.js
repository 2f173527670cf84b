/** An answer while it is written: its text, what the model thinks, and how far it is. */
import { batch, signal } from "../lib/ui.js";

export class Live {
  constructor() {
    this.text = signal("");
    this.reasoning = signal("");
    this.ended = signal(false);
    this.abort = new AbortController();
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

  /** Stops the model; the server keeps what has arrived. */
  stop() {
    this.abort.abort();
  }
}
