// Names what does not fit: the page wider than the window, an element wider than its box, or one beyond the edge.
// Tables in a box of their own may be scrolled on a narrow screen only.
(() => {
  const NARROW = innerWidth < 768;
  const SCROLLED = ".perf-table, .results, pre.plan, .markdown table";
  // Icons of Django's whose text is out of sight, and fields in which text may be scrolled.
  const APART = "svg, .visually-hidden, select, option, input, textarea, .selector button, #nav-sidebar button";
  const found = [];
  const name = (element) => element.tagName.toLowerCase() + (element.id ? `#${element.id}` : "")
    + (typeof element.className === "string" && element.className ? `.${element.className.split(" ").join(".")}` : "");
  if (document.scrollingElement.scrollWidth > innerWidth) found.push(`the page: ${document.scrollingElement.scrollWidth}`);
  for (const element of document.querySelectorAll("body *")) {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    if (!box.width || !box.height || style.visibility === "hidden" || element.closest(APART)) continue;
    if (NARROW && element.closest(SCROLLED)) continue;
    if (element.clientWidth && style.display !== "inline" && element.scrollWidth > element.clientWidth + 1)
      found.push(`${name(element)}: ${element.scrollWidth} in ${element.clientWidth}`);
    if (box.right > innerWidth + 1 || box.left < -1)
      found.push(`${name(element)}: ${Math.round(box.left)} to ${Math.round(box.right)}`);
  }
  return JSON.stringify(found);
})()
