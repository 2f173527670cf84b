/** Who is signed in. */
import { get } from "../lib/api.js";
import { signal } from "../lib/ui.js";

/** @type {import("../vendor/signals.js").Signal<{id: number, username: string, is_staff: boolean} | null>} */
export const me = signal(null);

/** Asks the API. Throws ApiError. */
export async function loadMe() {
  me.value = await get("/auth/me");
}
