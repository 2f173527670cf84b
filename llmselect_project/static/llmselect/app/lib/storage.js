/** What this browser keeps: drafts, what was chosen last, appearance. A browser that refuses to store keeps it for the visit. */

const visit = new Map();

/**
 * @template T
 * @param {string} key
 * @param {T} otherwise
 * @returns {T}
 */
export function recall(key, otherwise) {
  if (visit.has(key)) return visit.get(key);
  try {
    const text = localStorage.getItem(`llmselect.${key}`);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** Keeps a value; undefined and "" forget it. @param {string} key @param {any} value */
export function keep(key, value) {
  visit.set(key, value);
  const empty = value === undefined || value === "";
  if (empty) visit.delete(key);
  try {
    if (empty) localStorage.removeItem(`llmselect.${key}`);
    else localStorage.setItem(`llmselect.${key}`, JSON.stringify(value));
    visit.delete(key);
  } catch {
    // Storage is full or forbidden: the value lives until the page is left.
  }
}

/** Forgets everything that whoever is signed out typed or chose, but not the appearance. */
export function forgetDrafts() {
  visit.clear();
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("llmselect.draft")) localStorage.removeItem(key);
  } catch {
    // There is nothing to forget.
  }
}
