/** Reads server-sent events of a response to a POST, for which browsers have no EventSource. */
import { ApiError, request } from "./api.js";

const TRIES = 5; // to go on reading, until one brings something
const PAUSE = 500; // ms before the first of them, twice as long before each other one

/**
 * Yields all events that arrived together, as lists: whoever draws them draws once for each list. A stream that breaks
 * off is read on from where it was. Throws ApiError, and AbortError of the signal.
 * @param {string} path
 * @param {any} body of a POST; null to follow a stream that has begun
 * @param {AbortSignal} abort
 * @returns {AsyncGenerator<any[]>}
 */
export async function* eventsOf(path, body, abort) {
  let url = body === null ? path : null;
  let last = 0;
  let failures = 0;
  let response = await open(body === null ? "GET" : "POST", path, body, abort);
  while (true) {
    try {
      for await (const events of batches(response, abort)) {
        failures = 0;
        last = events.at(-1).id;
        url = events.find((each) => each.data.event === "start")?.data.url ?? url;
        yield events.map((each) => each.data);
        if (events.some((each) => isLast(each.data))) return;
      }
    } catch (error) {
      if (error.code !== "broken_off" || !url) throw error;
    }
    response = null;
    while (!response) {
      if (!url || failures >= TRIES) throw brokenOff();
      await pause(PAUSE * 2 ** failures++, abort);
      try {
        response = await open("GET", `${url}?last_event_id=${last}`, null, abort);
      } catch (error) {
        if (error.code !== "unreachable") throw error;
      }
    }
  }
}

/** Whether an event is the last one of its stream; one with an index is of a single answer of several. */
const isLast = (event) => event.event === "done" || (event.event === "error" && event.index === undefined);

const brokenOff = () => new ApiError({ code: "broken_off", message: "The connection broke off." });

/** @param {"GET" | "POST"} method @param {string} path @param {any} body @param {AbortSignal} abort */
const open = (method, path, body, abort) =>
  request(method, path, { body: body ?? undefined, signal: abort, accept: "text/event-stream" });

/** @param {number} ms @param {AbortSignal} abort */
async function pause(ms, abort) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  if (abort.aborted) throw new DOMException("stopped", "AbortError");
}

/**
 * Yields the events of one response, as lists of what arrived together.
 * @param {Response} response
 * @param {AbortSignal} abort
 */
async function* batches(response, abort) {
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
    throw brokenOff();
  }
}

/** @param {string} text events without the blank line at their end; comments keep the connection open */
function parse(text) {
  const events = [];
  for (const block of text.split("\n\n")) {
    const lines = block.split("\n");
    const values = (name) => lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length));
    const data = values("data: ");
    if (data.length) events.push({ id: Number(values("id: ")[0] ?? 0), data: JSON.parse(data.join("\n")) });
  }
  return events;
}
