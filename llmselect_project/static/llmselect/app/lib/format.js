/** Numbers, money, times and days in the reader's language. */
import { language, t } from "./words.js";

const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const dayOf = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
const fullOf = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const monthOf = new Intl.DateTimeFormat(language, { month: "long", year: "numeric" });

export const count = (value) => (value === null || value === undefined ? "–" : whole.format(value));
export const compact = (value) => (value === null || value === undefined ? "–" : short.format(value));
export const day = (iso) => dayOf.format(new Date(iso));
export const moment = (iso) => fullOf.format(new Date(iso));
export const time = (iso) => clock.format(new Date(iso));

/**
 * Writes USD: two significant figures below a cent, two decimals above.
 * @param {string | number | null | undefined} value
 */
export function money(value) {
  if (value === null || value === undefined) return "–";
  const amount = Number(value);
  if (amount === 0) return "$0";
  const options = amount < 0.1 ? { maximumSignificantDigits: 2 } : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return `$${amount.toLocaleString(language, { ...options, maximumFractionDigits: amount < 0.1 ? 10 : 2 })}`;
}

/** Writes a price per million tokens. @param {string | null} value */
export const price = (value) => (value === null ? "–" : `$${Number(value).toLocaleString(language, { maximumFractionDigits: 3 })}`);

/** Writes a duration. @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${whole.format(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toLocaleString(language, { maximumFractionDigits: 1 })} s`;
  return `${whole.format(Math.floor(seconds / 60))} min ${whole.format(seconds % 60)} s`;
}

/** Writes the size of a file. @param {number} size */
export function bytes(size) {
  const units = ["byte", "kilobyte", "megabyte"];
  const step = size < 1000 ? 0 : size < 1_000_000 ? 1 : 2;
  return (size / 1000 ** step).toLocaleString(language, { style: "unit", unit: units[step], unitDisplay: "narrow", maximumFractionDigits: 1 });
}

/** Writes how fast an answer came, in tokens a second; null when that is unknown. */
export function speed(tokens, total, first) {
  const writing = (total ?? 0) - (first ?? 0);
  if (!tokens || writing < 0.05) return null;
  return t("tokens_a_second", { count: Math.round(tokens / writing) });
}

/** Names the day of a list that a time belongs to. @param {string} iso */
export function dayGroup(iso) {
  const then = new Date(iso);
  const today = new Date();
  const days = Math.round((new Date(today.toDateString()) - new Date(then.toDateString())) / 86_400_000);
  if (days <= 0) return t("today");
  if (days === 1) return t("yesterday");
  if (days < 7) return t("last_7_days");
  if (days < 30) return t("last_30_days");
  return monthOf.format(then);
}

/** Shortens the name of a model for narrow places. @param {string} id */
export const shortModel = (id) => id.replace(/^.*\//, "");

/**
 * Leaves out what Markdown marks text with, for places that show a line of it; signs without a partner stay.
 * @param {string} text
 */
export function plain(text) {
  const bare = text
    .slice(0, 500)
    .replace(/^\s*(?:#{1,6}|>|[-*+])\s+/, "")
    .replace(/```/g, "")
    .replace(/`([^`]+)`/g, "$1")
    .replace(/!?\[([^\]]+)\]\([^)\s]*\)/g, "$1")
    .replace(/(\*\*|~~)(?=\S)(.+?)(?<=\S)\1/g, "$2")
    .replace(/(?<![\w*])\*(?=\S)([^*]+)(?<=\S)\*(?![\w*])/g, "$1")
    .trim();
  return bare || text;
}
