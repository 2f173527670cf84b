/** The words of the page in the reader's language. */

export const language = document.documentElement.dataset.language ?? "en";
export const base = document.documentElement.dataset.base ?? "/";
const plural = new Intl.PluralRules(language);

/** @type {Record<string, string | Record<string, string>>} */
let catalogue = {};

/** Loads the catalogue. Throws TypeError when the server cannot be reached. */
export async function loadWords() {
  const response = await fetch(`${base}words/${language}.json`);
  catalogue = await response.json();
}

/**
 * Returns a text, with `{name}` replaced by the values; of a text with plurals, the one for `values.count`.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  let text = catalogue[key] ?? key;
  if (typeof text !== "string") text = text[plural.select(Number(values.count))] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? value.toLocaleString(language) : value;
  });
}

/** Whether there is a text for a key. @param {string} key */
export const has = (key) => key in catalogue;

/** Stores the choice of a language, and loads the page again in it. @param {string} code */
export function chooseLanguage(code) {
  document.cookie = `language=${code}; path=/; max-age=31536000; samesite=lax`;
  location.reload();
}
