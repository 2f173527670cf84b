/** Calls of `/api/v1` by the browser's session, with the CSRF token that writing needs. */
import { signal } from "./ui.js";

const ROOT = "/api/v1";

/** Whether the server answered the last call; false when the network is gone. */
export const reachable = signal(true);
/** Whether the session has ended, so that one must sign in again. */
export const signedOut = signal(false);

/** What the API refuses: `code` and `details` as its envelope has them, `wait` in seconds. */
export class ApiError extends Error {
  /** @param {{status?: number, code: string, message: string, details?: Record<string, any>, wait?: number | null}} told */
  constructor({ status = 0, code, message, details = {}, wait = null }) {
    super(message);
    Object.assign(this, { status, code, details, wait });
  }
}

/** @param {string} name */
function cookie(name) {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/**
 * Sends a request and returns the response of a success. Throws ApiError, and AbortError of the signal.
 * @param {string} method
 * @param {string} path below /api/v1, or a whole path as links of lists have it
 * @param {{body?: any, signal?: AbortSignal, accept?: string}} [options]
 * @returns {Promise<Response>}
 */
export async function request(method, path, { body, signal: abort, accept = "application/json" } = {}) {
  const headers = { Accept: accept };
  if (method !== "GET") headers["X-CSRFToken"] = cookie("csrftoken");
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path.startsWith("/api/") ? path : ROOT + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: abort,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    reachable.value = false;
    throw new ApiError({ code: "unreachable", message: "The server cannot be reached." });
  }
  reachable.value = true;
  if (response.ok) return response;
  throw await refusal(response);
}

/** @param {Response} response */
async function refusal(response) {
  let told = {};
  try {
    told = await response.json();
  } catch {
    // A proxy's page, say: then the status is all there is.
  }
  if (response.status === 401) signedOut.value = true;
  return new ApiError({
    status: response.status,
    code: told.error ?? "server_error",
    message: told.message ?? `${response.status} ${response.statusText}`,
    details: told.details ?? {},
    wait: Number(response.headers.get("Retry-After")) || null,
  });
}

/**
 * Sends a form, or a file as it is, of which `fetch` tells no progress, and returns the JSON of the answer. The browser
 * reads a file while it sends it. Throws ApiError, and AbortError of the signal.
 * @param {string} path
 * @param {FormData | Blob} body
 * @param {(share: number) => void} progress is told what share has been sent
 * @param {AbortSignal} abort
 */
export function upload(path, body, progress, abort) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", ROOT + path);
    sending.setRequestHeader("Accept", "application/json");
    sending.setRequestHeader("X-CSRFToken", cookie("csrftoken"));
    if (body instanceof Blob) sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    sending.onload = async () => {
      reachable.value = true;
      const response = new Response(sending.response, { status: sending.status, statusText: sending.statusText });
      if (response.ok) resolve(response.json());
      else reject(await refusal(response));
    };
    sending.onerror = () => {
      reachable.value = false;
      reject(new ApiError({ code: "unreachable", message: "The server cannot be reached." }));
    };
    sending.onabort = () => reject(new DOMException("The upload was given up.", "AbortError"));
    abort.addEventListener("abort", () => sending.abort());
    sending.send(body);
  });
}

/**
 * Sends a request and returns the JSON of the answer, null for an empty one.
 * @param {string} method
 * @param {string} path
 * @param {any} [body]
 * @param {AbortSignal} [abort]
 */
async function json(method, path, body, abort) {
  const response = await request(method, path, { body, signal: abort });
  return response.status === 204 ? null : response.json();
}

export const get = (path, abort) => json("GET", path, undefined, abort);
export const post = (path, body) => json("POST", path, body);
export const put = (path, body) => json("PUT", path, body);
export const patch = (path, body) => json("PATCH", path, body);
export const remove = (path, body) => json("DELETE", path, body);

/**
 * Writes a query string of the values that are given.
 * @param {Record<string, any>} values
 */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}
