// Marks the edges beyond which a table goes on, for a shadow that says so.
"use strict";
(() => {
  const BOXES = ".perf-table, #changelist .results, .small-table, pre.plan";

  function mark(box) {
    const frame = box.parentElement;
    frame.classList.toggle("before", box.scrollLeft > 1);
    frame.classList.toggle("beyond", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  }

  function frame() {
    for (const box of document.querySelectorAll(BOXES)) {
      if (!box.parentElement.classList.contains("scrolls")) {
        const wrapper = document.createElement("div");
        wrapper.className = "scrolls";
        box.replaceWith(wrapper);
        wrapper.append(box);
        box.addEventListener("scroll", () => mark(box), { passive: true });
      }
      mark(box);
    }
  }

  document.addEventListener("DOMContentLoaded", frame);
  document.addEventListener("perf-refreshed", frame);
  window.addEventListener("resize", frame);
})();
