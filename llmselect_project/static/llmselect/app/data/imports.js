/** Histories from elsewhere: files on their way to the server, and what became of those that are there. */
import { announce } from "../controls/toasts.js";
import { get, post, query, request, signedOut, upload } from "../lib/api.js";
import { explain } from "../lib/errors.js";
import { PagedList } from "../lib/pages.js";
import { effect, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { comparisons, conversations } from "./lists.js";

/**
 * @typedef {{read: number, added: number, known: number, skipped: number, updated?: number}} Counted
 * @typedef {{id: string, name: string, size: number, source: string, state: string, dry_run: boolean, progress: number,
 *   conversations: Counted, messages: Counted, comparisons: Counted, reasons: Record<string, number>,
 *   problems: {place: string, reason: string}[], error: string | null, created_at: string}} Import
 * @typedef {{key: number, file: File, dry: boolean, done: number, state: "queued" | "sending" | "failed", error: any,
 *   abort: AbortController}} Sending
 */

const AT_ONCE = 5; // imports that have not ended, the API's limit
const PAUSE = 700; // ms between looks at an import that goes on

export const imports = new PagedList("/imports");
/** @type {import("../vendor/signals.js").Signal<Sending[]>} files that the server does not have yet, sent one after the other */
export const sendings = signal([]);
/** @type {Map<string, File>} the files of imports that only counted, to import them without choosing them again */
export const files = new Map();

let numbers = 0;
let isSending = false;
let isFollowing = false;

/** Whether an import has ended. @param {Import} row */
export const ended = (row) => !["waiting", "running", "removing"].includes(row.state);

const goingOn = () => imports.rows.value.filter((row) => !ended(row));

/** Reads the list, and follows those that go on. */
export async function load() {
  if (imports.state.value === "new" || imports.state.value === "failed") await imports.more();
  else await imports.refresh();
  follow();
}

/** Sends files, one after the other. @param {Iterable<File>} given @param {boolean} dry whether to count only */
export function add(given, dry) {
  const more = [...given].map((file) => ({ key: ++numbers, file, dry, done: 0, state: /** @type {const} */ ("queued"), error: null, abort: new AbortController() }));
  sendings.value = [...sendings.value, ...more];
  send();
}

/** Tries again to send a file. @param {Sending} item */
export function again(item) {
  change(item, { state: "queued", error: null, done: 0 });
  send();
}

/** Takes a file away that is not on the server. @param {Sending} item */
export function drop(item) {
  item.abort.abort();
  sendings.value = sendings.value.filter((each) => each.key !== item.key);
}

/** Cancels an import; what it has brought stays. Throws ApiError. @param {Import} row */
export async function cancel(row) {
  imports.put(await post(`/imports/${row.id}/cancel`));
  follow();
}

/**
 * Takes an import back; returns what was removed, null if that goes on in the background. Throws ApiError.
 * @param {Import} row
 * @returns {Promise<{conversations: number, messages: number, comparisons: number, kept: number} | null>}
 */
export async function takeBack(row) {
  const response = await request("DELETE", `/imports/${row.id}`);
  const told = await response.json();
  if (response.status === 202) {
    imports.put(told);
    follow();
    return null;
  }
  gone(row);
  return told;
}

/** @param {Import} row */
function gone(row) {
  imports.drop(row.id);
  files.delete(row.id);
  if (!row.dry_run) renewLists();
}

function renewLists() {
  conversations.restart();
  comparisons.restart();
}

/** @param {Sending} item @param {Partial<Sending>} changes */
function change(item, changes) {
  sendings.value = sendings.value.map((each) => (each.key === item.key ? { ...each, ...changes } : each));
}

async function send() {
  if (isSending) return;
  isSending = true;
  addEventListener("beforeunload", warn);
  try {
    let item;
    while ((item = sendings.value.find((each) => each.state === "queued"))) {
      await room();
      if (sendings.value.some((each) => each.key === item.key)) await sendOne(item);
    }
  } finally {
    isSending = false;
    removeEventListener("beforeunload", warn);
  }
}

/** Has the browser ask whether to leave while a file is sent. @param {BeforeUnloadEvent} event */
const warn = (event) => event.preventDefault();

/** Waits until the server takes another import. */
function room() {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (goingOn().length >= AT_ONCE) return;
      queueMicrotask(() => stop());
      resolve(undefined);
    });
  });
}

/** @param {Sending} item */
async function sendOne(item) {
  change(item, { state: "sending" });
  announce(t("uploading", { name: item.file.name }));
  const path = `/imports${query({ name: item.file.name, dry_run: item.dry })}`;
  try {
    const row = await upload(path, item.file, (done) => change(item, { done }), item.abort.signal);
    if (item.dry) files.set(row.id, item.file);
    imports.put(row, { top: true });
    sendings.value = sendings.value.filter((each) => each.key !== item.key);
    follow();
  } catch (error) {
    if (error.name === "AbortError") return;
    change(item, { state: "failed", error });
    announce(`${item.file.name}: ${explain(error).text}`);
  }
}

/** Looks at the imports that go on until they have ended. */
async function follow() {
  if (isFollowing) return;
  isFollowing = true;
  while (goingOn().length && !signedOut.value) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    await Promise.all(goingOn().map(look));
  }
  isFollowing = false;
}

/** @param {Import} row */
async function look(row) {
  try {
    const now = await get(`/imports/${row.id}`);
    imports.put(now);
    if (!ended(now)) return;
    announce(t(now.state === "done" ? "import_ended" : `import_${now.state}`, { name: now.name }));
    if (!now.dry_run) renewLists();
  } catch (error) {
    if (error.status === 404) gone(row); // taken back; after other errors it is looked at again
  }
}
