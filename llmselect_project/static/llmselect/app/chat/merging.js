/** Stored messages of a conversation, joined with those that are shown. @typedef {import("./thread.js").Message} Message */

/** Gives a stored message the key under which it is drawn. */
export const withKey = (row) => ({ ...row, key: row.id, page: 0 });

let numbers = 0;

/** What a message has that is not stored yet, but for who says what. */
export function unstored() {
  const figures = { prompt_tokens: null, completion_tokens: null, usage: null, cost: null, estimated: false, time: null, ttft: null };
  const place = { id: null, page: 0, key: `local-${++numbers}`, status: "complete", finish_reason: null, reasoning: null, parts: null };
  return { ...figures, ...place, created_at: new Date().toISOString() };
}

/** Joins stored messages with those that are shown, which keep their keys and what is drawn. @param {Message[]} messages @param {any[]} stored @param {Message} [drawn] */
export function merged(messages, stored, drawn) {
  if (!stored.length) return messages;
  const shown = new Map(messages.map((each) => [each.id ?? each.key, each]));
  const locals = messages.filter((each) => !each.id);
  const fresh = stored.map((row) => {
    const same = shown.get(row.id) ?? locals.find((each) => each.role === row.role && each.content === row.content && locals.splice(locals.indexOf(each), 1));
    return same ? { ...same, ...row, key: same.key } : withKey(row);
  });
  const first = stored[0].created_at;
  const before = messages.filter((each) => each.id && each.created_at < first && !stored.some((row) => row.id === each.id));
  const last = fresh.at(-1);
  // A failure before the first word stores no answer, and is shown all the same.
  const failed = drawn && !drawn.id && last.role === "user" ? [drawn] : [];
  if (drawn?.error && last.role === "assistant") last.error = drawn.error;
  return [...before, ...fresh, ...failed];
}
