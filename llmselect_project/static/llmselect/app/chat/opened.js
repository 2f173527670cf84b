/** The conversations that were opened, each as it was left. */
import { Thread } from "./thread.js";

const KEPT = 12;

/** @type {Map<string, Thread>} the one shown last at the end */
const opened = new Map();

/** Returns a conversation that begins with its first message. */
export function newThread() {
  const thread = new Thread(null, (id) => opened.set(id, thread));
  return thread;
}

/** Returns the conversation with an id, as it was left. @param {string} id */
export function threadOf(id) {
  const thread = opened.get(id) ?? new Thread(id);
  opened.delete(id);
  opened.set(id, thread);
  for (const [old, each] of opened) if (opened.size > KEPT && !each.live.value && old !== id) opened.delete(old);
  return thread;
}

/** Forgets a conversation that was deleted. @param {string} id */
export function forgetThread(id) {
  opened.get(id)?.stop();
  opened.delete(id);
}
