/** Shows Markdown: a stored text when it comes near the window, or a stream block by block as it grows. */
import { effect, html, useEffect, useLayoutEffect, useRef } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { copy } from "../controls/copy.js";
import { blocksOf, definitionsOf } from "./blocks.js";
import { forget, soon } from "./queue.js";

/** The parser, the cleaner and what draws; 60 kB that an empty chat does not need. */
let loading = null;
const library = () =>
  (loading ??= Promise.all([import("./safe.js"), import("./highlight.js"), import("./formulas.js")]).then(
    ([safe, highlight, formulas]) => ({ ...safe, ...highlight, ...formulas }),
  ));

/** Loads the renderer before it is needed. */
export const warmUp = () => void library().catch(() => (loading = null));

/** The beginning of a line that may become something else: a dash below text would make it a heading until the item comes. */
const UNFINISHED = /\n[ \t>]*(?:[-=*_+`~#|]{1,2}|\d{1,3}\.?)[ \t]*$/;

/** Draws one text into an element, as little of it again as possible. */
class Drawing {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.text = "";
    this.settled = 0; // characters in blocks that grow no more
    this.tail = [];
    this.live = false;
    this.cost = 0; // milliseconds of the last drawing
    this.drawn = 0;
    this.work = () => this.draw();
  }

  /** @param {string} text @param {boolean} live whether it may still grow */
  show(text, live) {
    if (text === this.text && live === this.live && this.drawn) return;
    if (!text.startsWith(this.text.slice(0, this.settled))) this.clear();
    this.text = text;
    this.live = live;
    soon(this.work);
  }

  clear() {
    this.element.replaceChildren();
    this.settled = 0;
    this.tail = [];
  }

  async draw() {
    let parts;
    try {
      parts = await library();
    } catch {
      loading = null;
      this.element.textContent = this.text; // as it was written, while the renderer cannot be loaded
      return;
    }
    if (!this.element.isConnected) return;
    const start = performance.now();
    // A long block that costs much is drawn less often.
    if (this.live && start - this.drawn < this.cost * 4) {
      soon(this.work);
      return;
    }
    const blocks = blocksOf(this.text.slice(this.settled));
    const definitions = definitionsOf(this.text);
    this.tail.forEach((node) => node.remove());
    this.tail = [];
    const end = this.live ? Infinity : start + 8;
    while (blocks.length > (this.live ? 1 : 0) && performance.now() < end) {
      const block = blocks.shift();
      this.settled += block.length;
      this.add(parts, block, definitions, true);
    }
    if (this.live && blocks.length) this.tail = this.add(parts, blocks[0].replace(UNFINISHED, ""), definitions, false);
    else if (blocks.length) soon(this.work);
    this.cost = performance.now() - start;
    this.drawn = performance.now();
  }

  /** @returns {ChildNode[]} */
  add(parts, block, definitions, finished) {
    const fragment = parts.fragmentOf(block, definitions);
    const nodes = [...fragment.childNodes];
    for (const head of fragment.querySelectorAll(".code-head")) head.append(copyButton());
    for (const box of fragment.querySelectorAll("pre, .table-box")) box.tabIndex = 0;
    this.element.append(fragment);
    if (finished) for (const node of nodes) if (node instanceof Element) decorate(parts, node);
    return nodes;
  }
}

function decorate(parts, node) {
  if (node.querySelector("code[class^=language-]")) parts.colour(node, parts.clean);
  if (node.querySelector(".formula")) parts.drawFormulas(node).catch(() => {});
}

function copyButton() {
  return Object.assign(document.createElement("button"), { type: "button", className: "copy-code", textContent: t("copy") });
}

/** Copies the code block of a button that was clicked. @param {MouseEvent} event */
export async function copyCode(event) {
  const button = /** @type {HTMLElement} */ (event.target).closest?.(".copy-code");
  if (!button || !(await copy(button.closest(".code").querySelector("code").textContent))) return;
  button.textContent = t("copied");
  setTimeout(() => (button.textContent = t("copy")), 1500);
}

const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      shows.get(entry.target)?.();
    }
  },
  { rootMargin: "1200px 0px" },
);
/** @type {WeakMap<Element, () => void>} */
const shows = new WeakMap();

/**
 * @param {{text: string}} props a text that does not change
 */
export function Markdown({ text }) {
  const element = useRef(null);
  useLayoutEffect(() => {
    const drawing = new Drawing(element.current);
    const node = element.current;
    node.textContent = ""; // what stood here before it was drawn
    // Until it is near, plain text stands for it, so that its height is about right and a search finds it.
    const plain = document.createElement("p");
    plain.className = "plain";
    plain.textContent = text;
    node.append(plain);
    // What lies in a message that is skipped while it is out of sight has no place of its own to be near.
    const place = node.closest(".message") ?? node;
    shows.set(place, () => {
      const begin = () => {
        plain.remove();
        drawing.show(text, false);
      };
      library().then(begin, () => (loading = null));
    });
    near.observe(place);
    return () => {
      near.unobserve(place);
      forget(drawing.work);
    };
  }, [text]);
  return html`<div class="prose" ref=${element} onClick=${copyCode}></div>`;
}

/**
 * @param {{text: import("../vendor/signals.js").Signal<string>, ended: import("../vendor/signals.js").Signal<boolean>}} props
 * a text that grows until it has ended
 */
export function LiveMarkdown({ text, ended }) {
  const element = useRef(null);
  useEffect(() => {
    const drawing = new Drawing(element.current);
    const stop = effect(() => drawing.show(text.value, !ended.value));
    return () => {
      stop();
      forget(drawing.work);
    };
  }, [text]);
  return html`<div class="prose" ref=${element} onClick=${copyCode}></div>`;
}
