/** The files that go with the next message: on their way to the server, or there. Those that are there survive a reload. */
import { announce } from "../controls/toasts.js";
import { remove, upload } from "../lib/api.js";
import { explain } from "../lib/errors.js";
import { keep, recall } from "../lib/storage.js";
import { signal } from "../lib/ui.js";
import { t } from "../lib/words.js";

export const MOST = 10; // files of a message, the API's limit

/**
 * @typedef {{type: string, media_type: string, name: string, size: number, file: string, file_id: string}} FilePart
 * @typedef {{key: number, name: string, done: number, part: FilePart | null, error: any, abort: AbortController}} Upload
 * `done` is the share that was sent; `part` is there once the server has stored the file
 */

let numbers = 0;

export class Uploads {
  /** @param {string} place where what is stored is remembered */
  constructor(place) {
    this.place = place;
    /** @type {import("../vendor/signals.js").Signal<Upload[]>} */
    this.items = signal(recall(place, []).map((part) => uploadOf(part.name, part)));
  }

  /** Whether a file is still on its way. */
  get busy() {
    return this.items.value.some((each) => !each.part && !each.error);
  }

  /** @returns {FilePart[]} */
  get parts() {
    return this.items.value.flatMap((each) => each.part ?? []);
  }

  /** Sends files to the server, all at once. @param {Iterable<File>} files */
  add(files) {
    const room = MOST - this.items.value.length;
    const given = [...files];
    if (given.length > room) announce(t("too_many_files", { count: MOST }));
    for (const file of given.slice(0, Math.max(0, room))) this.send(file);
    return given.length <= room;
  }

  /** @param {File} file */
  async send(file) {
    const item = uploadOf(file.name, null);
    this.items.value = [...this.items.value, item];
    announce(t("uploading", { name: file.name }));
    try {
      const stored = await upload("/files", formOf(file), (done) => this.change(item.key, { done }), item.abort.signal);
      this.change(item.key, { part: partOf(stored), name: stored.name, done: 1 });
      announce(t("is_attached", { name: stored.name }));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.change(item.key, { error });
      announce(`${file.name}: ${explain(error).text}`);
    }
  }

  /** Takes a file away again, from the server too unless a message shows it. @param {Upload} item */
  drop(item) {
    item.abort.abort();
    this.set(this.items.value.filter((each) => each.key !== item.key));
    if (item.part) remove(`/files/${item.part.file_id}`).catch(() => {}); // the server deletes what nothing shows by itself
  }

  /** Empties the list for a message that is sent; returns what goes with it. */
  take() {
    const items = this.items.value;
    this.items.value = [];
    return items;
  }

  /** Puts the files of a message that was refused back. @param {Upload[]} items */
  restore(items) {
    this.set([...items, ...this.items.value]);
  }

  /** Forgets what was remembered of a message that is stored. */
  sent() {
    this.set(this.items.value);
  }

  change(key, changes) {
    this.set(this.items.value.map((each) => (each.key === key ? { ...each, ...changes } : each)));
  }

  set(items) {
    this.items.value = items;
    keep(this.place, this.parts.length ? this.parts : undefined);
  }
}

/** @param {string} name @param {FilePart | null} part @returns {Upload} */
const uploadOf = (name, part) => ({ key: ++numbers, name, done: part ? 1 : 0, part, error: null, abort: new AbortController() });

/** @param {File} file */
function formOf(file) {
  const form = new FormData();
  form.append("file", file, file.name);
  return form;
}

/** Writes the part of a message that refers to a stored file, as the API does. @returns {FilePart} */
const partOf = ({ id, name, size, media_type, sha256 }) => ({
  type: media_type.startsWith("image/") ? "image" : "document",
  media_type,
  name,
  size,
  file: sha256,
  file_id: id,
});
