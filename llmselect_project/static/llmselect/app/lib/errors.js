/** Says of a failure what happened and what to do. */
import { has, t } from "./words.js";

/**
 * @typedef {{text: string, more?: string, link?: {href: string, label: string}, again?: boolean}} Explanation
 * `again` says that trying again may help.
 */

/**
 * @param {any} error an ApiError, an event of a stream, or a programming error
 * @param {string | null} [provider] the provider that was asked
 * @returns {Explanation}
 */
export function explain(error, provider = null) {
  const code = error?.code ?? error?.error ?? "unknown";
  const message = error?.message ?? "";
  if (code === "api_key_missing" || code === "api_key_refused" || code === "api_key_unreadable") {
    const href = `/settings/keys${provider ? `#${provider}` : ""}`;
    return { text: t(`error_${code}`, { provider: provider ?? "" }), more: message, link: { href, label: t("to_keys") } };
  }
  if (code === "no_candidate") return { text: t("error_no_candidate"), link: { href: "/settings/selection", label: t("to_selection") } };
  if (code === "throttled" || code === "provider_rate_limited") {
    return { text: t(`error_${code}`), more: error.wait ? t("wait_seconds", { count: error.wait }) : "", again: true };
  }
  if (code === "not_authenticated" || code === "token_not_valid") {
    return { text: t("error_signed_out"), link: { href: signInAgain(), label: t("sign_in") } };
  }
  if (code === "invalid") return { text: sentences(error.details) || message };
  if (has(`error_${code}`)) {
    const shown = ["unreachable", "broken_off", "in_progress", "server_busy"].includes(code) ? "" : message;
    return { text: t(`error_${code}`), more: shown, again: true };
  }
  return { text: message || t("error_unknown"), again: true };
}

/** The address of the form to sign in with, which leads back here. */
export const signInAgain = () => `/login?next=${encodeURIComponent(location.pathname)}`;

/** @param {Record<string, string[]> | undefined} details */
function sentences(details) {
  return Object.entries(details ?? {})
    .map(([field, told]) => (field === "non_field_errors" ? told.join(" ") : `${field}: ${[].concat(told).join(" ")}`))
    .join(" ");
}
