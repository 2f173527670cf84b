// Names what does not fit: the page wider than the window, or an element beyond the edge of it that no box scrolls.
(() => {
  const SCROLLED = ".table-box, pre, .formula, .answers, .side-row, .composer-hint";
  const found = [];
  const name = (element) => `${element.tagName.toLowerCase()}.${[...element.classList].join(".")}`;
  if (document.scrollingElement.scrollWidth > innerWidth) found.push(`the page: ${document.scrollingElement.scrollWidth}`);
  for (const element of document.querySelectorAll("#app *")) {
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height || element.closest(".unseen, .skip") || !element.checkVisibility()) continue;
    if (element.parentElement.closest(SCROLLED)) continue;
    if (box.right > innerWidth + 1 || box.left < -1) found.push(`${name(element)}: ${Math.round(box.left)} to ${Math.round(box.right)}`);
    const style = getComputedStyle(element);
    if (style.clipPath !== "none") continue; // for screen readers only
    const cut = style.overflowX !== "visible" && style.overflowX !== "auto" && style.textOverflow !== "ellipsis";
    if (cut && element.scrollWidth > element.clientWidth + 1 && !element.matches("input, select, textarea, svg, dialog"))
      found.push(`${name(element)}: ${element.scrollWidth} in ${element.clientWidth}`);
  }
  return JSON.stringify(found.slice(0, 8));
})()
