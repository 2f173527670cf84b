/** Colours in code, by highlight.js, whose languages are loaded when one is met. */

const LONGEST = 30_000; // characters; longer code stays plain, since colouring it would stall the page
const ALIASES = {
  sh: "bash", zsh: "bash", console: "shell", "c++": "cpp", cc: "cpp", hpp: "cpp", "c#": "csharp", cs: "csharp", golang: "go",
  js: "javascript", jsx: "javascript", mjs: "javascript", node: "javascript", ts: "typescript", tsx: "typescript",
  py: "python", python3: "python", rb: "ruby", rs: "rust", kt: "kotlin", md: "markdown", yml: "yaml", html: "xml", svg: "xml", vue: "xml",
  toml: "ini", conf: "ini", docker: "dockerfile", make: "makefile", tex: "latex", ps1: "powershell", jsonc: "json", json5: "json",
  postgresql: "sql", sqlite: "sql", mysql: "sql", patch: "diff",
};
const LANGUAGES = new Set(
  ("bash c cpp csharp css diff dockerfile go ini java javascript json kotlin latex lua makefile markdown php powershell python r ruby " +
    "rust scss shell sql swift typescript xml yaml").split(" "),
);

let core = null;
const loaded = new Map();

/** @param {string} name as a fence names it */
export function languageOf(name) {
  const lower = name.toLowerCase();
  const known = ALIASES[lower] ?? lower;
  return LANGUAGES.has(known) ? known : null;
}

/** Loads a language once, and the library with the first one. @param {string} name */
async function load(name) {
  core ??= import("../vendor/highlight/core.js").then((module) => module.default);
  const library = await core;
  if (!loaded.has(name)) {
    loaded.set(name, import(`../vendor/highlight/${name}.js`).then((module) => library.registerLanguage(name, module.default)));
    if (name === "php" || name === "markdown") await load("xml");
  }
  await loaded.get(name);
  return library;
}

/** Colours the code blocks within an element. @param {Element | DocumentFragment} within @param {(html: string) => DocumentFragment} clean */
export async function colour(within, clean) {
  for (const code of within.querySelectorAll("code[class^=language-]:not(.coloured)")) {
    const language = languageOf(code.className.slice("language-".length));
    code.classList.add("coloured");
    const text = code.textContent;
    if (!language || text.length > LONGEST) continue;
    try {
      const library = await load(language);
      if (code.textContent === text) code.replaceChildren(clean(library.highlight(text, { language, ignoreIllegals: true }).value));
    } catch {
      // Without the language, say offline, code stays plain.
    }
  }
}
