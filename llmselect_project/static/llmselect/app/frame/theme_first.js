// Sets the chosen appearance before anything is drawn; a classic script, since modules run after the first paint.
(() => {
  try {
    const chosen = JSON.parse(localStorage.getItem("llmselect.theme") ?? '"auto"');
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
    if (JSON.parse(localStorage.getItem("llmselect.sidebar") ?? "true") === false) document.documentElement.dataset.sidebar = "away";
  } catch {
    // Nothing is chosen.
  }
})();
