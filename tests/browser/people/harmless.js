// Names what hostile text has got into the page: elements that may act, handlers, links to scripts. Follows such links.
(() => {
  const found = [];
  for (const element of document.querySelectorAll(".prose *")) {
    if (element.matches("script, style, iframe, object, embed, form, input, button:not(.copy-code), template, base, link, meta")) found.push(element.outerHTML);
    const own = element.closest(".katex, .katex-error") ? ["style"] : [];
    for (const name of element.getAttributeNames())
      if (name.startsWith("on") || (["style", "id", "name", "srcset"].includes(name) && !own.includes(name))) found.push(`${name} of ${element.outerHTML.slice(0, 200)}`);
    if (element.matches("img") && !element.src.startsWith("data:image/")) found.push(element.outerHTML);
    if (element.matches("a") && element.href && !["http:", "https:", "mailto:"].includes(element.protocol)) found.push(element.outerHTML);
    if (element.matches("a") && element.protocol !== "https:") {
      element.removeAttribute("target");
      if (!element.protocol.startsWith("http")) element.click();
    }
  }
  return found;
})()
