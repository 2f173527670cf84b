/** Reads server-sent events of a response to a POST, for which browsers have no EventSource. */
import { ApiError, request } from "./api.js";

/**
 * Yields all events that arrived together, as lists: whoever draws them draws once for each list.
 * @param {string} path
 * @param {any} body
 * @param {AbortSignal} abort
 * @returns {AsyncGenerator<any[]>}
 */
export async function* eventsOf(path, body, abort) {
  const response = await request("POST", path, { body, signal: abort, accept: "text/event-stream" });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    while (true) {
      const { done, value } = await read(reader, abort);
      if (done) return;
      rest += value;
      const end = rest.lastIndexOf("\n\n");
      if (end < 0) continue;
      const events = parse(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (events.length) yield events;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * @param {ReadableStreamDefaultReader<string>} reader
 * @param {AbortSignal} abort
 */
async function read(reader, abort) {
  try {
    return await reader.read();
  } catch (error) {
    if (abort.aborted) throw new DOMException("stopped", "AbortError");
    throw new ApiError({ code: "broken_off", message: "The connection broke off." });
  }
}

/** @param {string} text events without the blank line at their end; comments keep the connection open */
function parse(text) {
  const events = [];
  for (const block of text.split("\n\n")) {
    const data = block
      .split("\n")
      .filter((line) => line.startsWith("data: "))
      .map((line) => line.slice(6));
    if (data.length) events.push(JSON.parse(data.join("\n")));
  }
  return events;
}
