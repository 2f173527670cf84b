/** Cuts Markdown into blocks that can be rendered one by one, so that a stream renders its last block only. */

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const LIST = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
const DEFINITION = /^ {0,3}\[[^\]\n]+\]:\s*\S.*$/gm;

/**
 * Returns the blocks of a text, whose last one may still grow. A block ends at a blank line outside of fences and
 * formulas, unless a list or something indented goes on after it.
 * @param {string} text
 * @returns {string[]}
 */
export function blocksOf(text) {
  const blocks = [];
  let start = 0;
  let position = 0;
  let fence = "";
  let formula = "";
  let blank = false;
  let list = false;
  while (position < text.length) {
    const newline = text.indexOf("\n", position);
    const end = newline < 0 ? text.length : newline + 1;
    const line = text.slice(position, end);
    const empty = line.trim() === "";
    if (blank && !empty && !fence && !formula && position > start && startsBlock(line, list)) {
      blocks.push(text.slice(start, position));
      start = position;
      list = false;
    }
    if (position === start) list = LIST.test(line);
    if (!formula) fence = fenceAfter(fence, line);
    if (!fence) formula = formulaAfter(formula, line);
    blank = empty;
    position = end;
  }
  if (start < text.length) blocks.push(text.slice(start));
  return blocks;
}

/** Whether a line after a blank one begins a block of its own. @param {string} line @param {boolean} list */
const startsBlock = (line, list) => !/^(?: {2,}|\t)/.test(line) && !(list && LIST.test(line));

/** The fence that is open after a line, "" for none. @param {string} fence @param {string} line */
function fenceAfter(fence, line) {
  const found = FENCE.exec(line)?.[1];
  if (!fence) return found ?? "";
  const closes = found && found[0] === fence[0] && found.length >= fence.length && line.trim() === found;
  return closes ? "" : fence;
}

/** The mark that ends the formula which is open after a line, "" for none. @param {string} formula @param {string} line */
function formulaAfter(formula, line) {
  const bare = line.trim();
  if (formula) return bare.endsWith(formula) ? "" : formula;
  if (bare.startsWith("$$") && !(bare.length > 2 && bare.endsWith("$$"))) return "$$";
  if (bare.startsWith("\\[") && !bare.endsWith("\\]")) return "\\]";
  return "";
}

/** Returns the link definitions of a text, which hold for all of its blocks. @param {string} text */
export const definitionsOf = (text) => (text.includes("]:") ? (text.match(DEFINITION) ?? []).join("\n") : "");
