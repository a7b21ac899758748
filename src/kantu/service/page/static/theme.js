// Light or dark, before anything is drawn: what was chosen, or else what the system has. A plain script: modules run later.

(() => {
  const place = "kantu-theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem(place);
    } catch {
      return null; // storage is switched off
    }
  };
  const apply = () => {
    document.documentElement.dataset.theme = chosen() ?? (system.matches ? "dark" : "light");
  };
  system.addEventListener("change", apply);
  apply();
  document.addEventListener("kantu-theme", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    const natural = system.matches ? "dark" : "light";
    try {
      if (next === natural) localStorage.removeItem(place);
      else localStorage.setItem(place, next);
    } catch {
      // it holds until the page is left
    }
    document.documentElement.dataset.theme = next;
  });
})();
