/** Formulas between `$…$`, `$$…$$`, `\(…\)` and `\[…\]`: kept from Markdown, drawn by KaTeX, which is loaded when one is met. */
import { base } from "../lib/words.js";

const LONGEST = 5000; // characters

/** Adds the rules to a renderer. @param {any} markdown */
export function formulas(markdown) {
  markdown.inline.ruler.before("escape", "formula", inline);
  markdown.block.ruler.before("fence", "formula", block, { alt: ["paragraph", "blockquote", "list"] });
  const write = (tokens, at) => `<span class="${tokens[at].block ? "formula display" : "formula"}">${markdown.utils.escapeHtml(tokens[at].content)}</span>`;
  markdown.renderer.rules.formula = write;
  markdown.renderer.rules.formula_block = (tokens, at) => `<p>${write(tokens, at)}</p>`;
}

const PAIRS = [["$$", "$$"], ["\\(", "\\)"], ["\\[", "\\]"], ["$", "$"]];

function inline(state, silent) {
  const rest = state.src;
  const pair = PAIRS.find(([open]) => rest.startsWith(open, state.pos));
  if (!pair) return false;
  const from = state.pos + pair[0].length;
  const end = rest.indexOf(pair[1], from);
  if (end < 0 || end >= state.posMax || end === from || end - from > LONGEST) return false;
  const content = rest.slice(from, end);
  // Prices are no formulas: a dollar opens one before a character, and closes it after one and before no digit.
  if (pair[0] === "$" && (/^\s|\s$/.test(content) || /\d/.test(rest[end + 1] ?? "") || content.includes("`"))) return false;
  if (!silent) {
    const token = state.push("formula", "", 0);
    token.content = content;
    token.block = pair[0] === "$$" || pair[0] === "\\[";
  }
  state.pos = end + pair[1].length;
  return true;
}

function block(state, first, last, silent) {
  const line = (at) => state.src.slice(state.bMarks[at] + state.tShift[at], state.eMarks[at]).trim();
  const opening = line(first);
  const pair = PAIRS.find(([open]) => (open === "$$" || open === "\\[") && opening.startsWith(open));
  if (!pair || state.sCount[first] - state.blkIndent >= 4) return false;
  const lines = [];
  for (let at = first; at < last; at += 1) {
    let text = at === first ? opening.slice(2) : line(at);
    const closes = text.endsWith(pair[1]);
    if (closes) text = text.slice(0, -2);
    lines.push(text);
    if (!closes) continue;
    if (silent) return true;
    const token = state.push("formula_block", "", 0);
    token.block = true;
    token.content = lines.join("\n").trim();
    token.map = [first, at + 1];
    state.line = at + 1;
    return true;
  }
  return false;
}

let loading = null;

/** Loads KaTeX and its style once. */
function library() {
  loading ??= import("../vendor/katex/katex.js").then(() => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${base}vendor/katex/katex.css` });
    document.head.append(style);
    return globalThis.katex;
  });
  return loading;
}

/** Draws the formulas within an element. @param {Element | DocumentFragment} within */
export async function drawFormulas(within) {
  const found = [...within.querySelectorAll(".formula:not(.drawn)")];
  if (!found.length) return;
  const katex = await library();
  for (const element of found) {
    const source = element.textContent;
    element.classList.add("drawn");
    element.title = source.length < 300 ? source : "";
    const displayMode = element.classList.contains("display");
    katex.render(source, element, { displayMode, throwOnError: false, trust: false, strict: "ignore", maxExpand: 200, maxSize: 20 });
  }
}
