// Reads the figures again every few seconds, while the box is ticked and the page can be seen.
"use strict";
(() => {
  const label = document.getElementById("perf-refresh");
  if (!label) return; // a range that is over does not change
  const box = label.querySelector("input");
  const live = document.getElementById("perf-live");
  const KEY = "perf-refresh";
  let reading = false;

  async function refresh() {
    if (reading || !box.checked || document.hidden || !window.getSelection().isCollapsed) return;
    reading = true;
    try {
      const response = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
      const text = await response.text();
      const read = new DOMParser().parseFromString(text, "text/html").getElementById("perf-live");
      if (!read || !box.checked) return;
      const scrolled = Array.from(live.querySelectorAll(".perf-table"), (table) => table.scrollLeft);
      live.replaceChildren(...read.childNodes);
      live.querySelectorAll(".perf-table").forEach((table, number) => { table.scrollLeft = scrolled[number] || 0; });
      live.classList.remove("old");
      document.dispatchEvent(new Event("perf-refreshed"));
    } catch {
      live.classList.add("old"); // the server does not answer, or nobody is logged in any more
    } finally {
      reading = false;
    }
  }

  box.checked = localStorage.getItem(KEY) !== "off";
  box.addEventListener("change", () => {
    localStorage.setItem(KEY, box.checked ? "on" : "off");
    refresh();
  });
  label.hidden = false;
  setInterval(refresh, Number(box.dataset.seconds) * 1000);
})();
