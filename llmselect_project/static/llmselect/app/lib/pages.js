/** Lists that the API gives page by page, read as far as somebody scrolls. */
import { get } from "./api.js";
import { batch, signal } from "./ui.js";

/** @template {{id: string}} Row */
export class PagedList {
  /** @param {string} path with its query */
  constructor(path) {
    this.path = path;
    /** @type {import("../vendor/signals.js").Signal<Row[]>} */
    this.rows = signal([]);
    this.state = signal("new"); // new, loading, more, complete, failed
    this.error = signal(null);
    this.next = path;
    this.reading = 0;
  }

  /** Reads the next page, unless one is being read or there is none. */
  async more() {
    if (this.state.value === "loading" || this.state.value === "complete") return;
    await this.read(this.next ?? this.path, (found) => {
      const known = new Set(this.rows.value.map((row) => row.id));
      return [...this.rows.value, ...found.filter((row) => !known.has(row.id))];
    });
  }

  /** Reads the first page again; rows that it does not have stay behind it. */
  async refresh() {
    if (this.state.value === "new" || this.state.value === "loading") return;
    try {
      const page = await get(this.path);
      const fresh = new Set(page.results.map((row) => row.id));
      this.rows.value = [...page.results, ...this.rows.value.filter((row) => !fresh.has(row.id))];
    } catch {
      // The list stays as it was; the banner tells that the server is away.
    }
  }

  /** Reads the first page in the place of all rows, of which some may be gone. */
  async restart() {
    if (this.state.value !== "new") await this.read(this.path, (found) => found);
  }

  /** @param {string} id */
  drop(id) {
    this.rows.value = this.rows.value.filter((row) => row.id !== id);
  }

  /** Puts a row in the place of the one with its id, or at the top. @param {Row} row @param {{top?: boolean}} [where] */
  put(row, { top = false } = {}) {
    const known = this.rows.value.some((each) => each.id === row.id);
    if (known && !top) this.rows.value = this.rows.value.map((each) => (each.id === row.id ? { ...each, ...row } : each));
    else this.rows.value = [row, ...this.rows.value.filter((each) => each.id !== row.id)];
  }

  /** @param {string} path @param {(found: Row[]) => Row[]} merge */
  async read(path, merge) {
    const turn = ++this.reading;
    this.state.value = "loading";
    try {
      const page = await get(path);
      if (turn !== this.reading) return;
      batch(() => {
        this.rows.value = merge(page.results);
        this.next = page.next;
        this.state.value = page.next ? "more" : "complete";
        this.error.value = null;
      });
    } catch (error) {
      if (turn !== this.reading) return;
      batch(() => {
        this.state.value = "failed";
        this.error.value = error;
      });
    }
  }
}
