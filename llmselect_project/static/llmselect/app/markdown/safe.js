/** Turns Markdown into a document fragment in which nothing runs and nothing is fetched. */
import MarkdownIt from "../vendor/markdown-it.js";
import "../vendor/purify.js";
import { t } from "../lib/words.js";
import { formulas } from "./formulas.js";

/** @type {any} */
const purifier = globalThis.DOMPurify;

const TAGS = (
  "a blockquote br code del div em h1 h2 h3 h4 h5 h6 hr img li ol p pre s span strong sub sup table tbody td th thead tr ul"
).split(" ");
const ATTRIBUTES = ["alt", "class", "dir", "href", "rel", "src", "start", "target", "title"];

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: false, typographer: false });
markdown.use(formulas);
// `www.example.org` is a link, `readme.md` is none.
markdown.linkify.set({ fuzzyEmail: false, fuzzyLink: false });

for (const name of ["paragraph_open", "heading_open", "list_item_open", "blockquote_open", "th_open", "td_open"]) {
  const before = markdown.renderer.rules[name];
  markdown.renderer.rules[name] = (tokens, at, options, env, self) => {
    const style = tokens[at].attrGet("style");
    if (style) {
      tokens[at].attrSet("class", style.replace("text-align:", "align-"));
      tokens[at].attrs = tokens[at].attrs.filter(([key]) => key !== "style");
    }
    tokens[at].attrSet("dir", "auto");
    return before ? before(tokens, at, options, env, self) : self.renderToken(tokens, at, options);
  };
}

markdown.renderer.rules.link_open = (tokens, at, options, _, self) => {
  const token = tokens[at];
  token.attrSet("target", "_blank");
  token.attrSet("rel", "noopener noreferrer nofollow");
  if (!token.attrGet("title")) token.attrSet("title", token.attrGet("href") ?? "");
  return self.renderToken(tokens, at, options);
};

// An image from elsewhere would tell that host who reads what, so it is a link that somebody may follow.
markdown.renderer.rules.image = (tokens, at) => {
  const { escapeHtml } = markdown.utils;
  const source = tokens[at].attrGet("src") ?? "";
  const name = escapeHtml(tokens[at].content || t("image"));
  if (source.startsWith("data:image/")) return `<img src="${escapeHtml(source)}" alt="${name}">`;
  return `<a class="image-link" href="${escapeHtml(source)}" target="_blank" rel="noopener noreferrer nofollow" title="${escapeHtml(source)}">${name} ↗</a>`;
};

markdown.renderer.rules.fence = (tokens, at) => code(tokens[at].content, tokens[at].info.trim().split(/\s+/)[0]);
markdown.renderer.rules.code_block = (tokens, at) => code(tokens[at].content, "");

/** @param {string} content @param {string} name */
function code(content, name) {
  const { escapeHtml } = markdown.utils;
  const label = name.slice(0, 30).replace(/[^\w+#.-]/g, "");
  return `<div class="code"><div class="code-head"><span>${label || t("code")}</span></div><pre><code class="language-${label}">${escapeHtml(content)}</code></pre></div>`;
}

markdown.renderer.rules.table_open = () => `<div class="table-box"><table>`;
markdown.renderer.rules.table_close = () => `</table></div>`;

purifier.addHook("uponSanitizeAttribute", (node, data) => {
  if (data.attrName === "src" && !/^data:image\/(?:png|gif|jpeg|webp);/i.test(data.attrValue)) data.keepAttr = false;
  if (data.attrName === "href" && !/^(?:https?:|mailto:)/i.test(data.attrValue)) data.keepAttr = false;
});

/** Cleans HTML, by a list of what may stay. @param {string} text @returns {DocumentFragment} */
export const clean = (text) =>
  purifier.sanitize(text, { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ATTRIBUTES, ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false, RETURN_DOM_FRAGMENT: true });

/**
 * Renders a block of Markdown.
 * @param {string} block
 * @param {string} [definitions] link definitions of the whole text
 * @returns {DocumentFragment}
 */
export const fragmentOf = (block, definitions = "") => clean(markdown.render(definitions ? `${block}\n\n${definitions}` : block));
