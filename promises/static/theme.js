// Light, dark or as on the device; the choice stays on the device. Loaded before the first paint,
// so it is a plain script. A page with data-theme-fixed (hall display) keeps its own.
(() => {
  const root = document.documentElement;
  const read = () => {
    try { return localStorage.getItem("theme") || "auto"; } catch { return "auto"; }
  };
  const apply = (choice) => {
    if (root.hasAttribute("data-theme-fixed")) return;
    if (choice === "auto") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", choice);
  };
  apply(read());
  document.addEventListener("DOMContentLoaded", () => {
    for (const group of document.querySelectorAll("[data-theme-switch]")) {
      const buttons = [...group.querySelectorAll("[data-theme-choice]")];
      const mark = (choice) => {
        for (const button of buttons) {
          button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
        }
      };
      mark(read());
      group.hidden = false;
      group.addEventListener("click", (event) => {
        const button = event.target.closest("[data-theme-choice]");
        if (!button) return;
        const choice = button.dataset.themeChoice;
        try { localStorage.setItem("theme", choice); } catch { /* private window: for this page only */ }
        apply(choice);
        mark(choice);
      });
    }
  });
})();
