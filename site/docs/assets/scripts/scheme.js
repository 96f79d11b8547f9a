// Runs before the page is painted: puts on <html> that scripts run, and the reader's choice of light or dark, so that nothing flashes.
(() => {
  const root = document.documentElement;
  root.classList.replace("no-js", "js");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let choice = null;
    try { choice = localStorage.getItem("scheme"); } catch { /* storage is blocked: the system's scheme it is */ }
    if (choice === "light" || choice === "dark") root.dataset.scheme = choice; else delete root.dataset.scheme;
    root.toggleAttribute("data-dark", choice ? choice === "dark" : system.matches);
  };
  apply();
  system.addEventListener("change", apply);
  root.addEventListener("scheme", apply);
})();
