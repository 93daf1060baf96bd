// Menus are <details data-menu>: they close on Escape, on a press elsewhere, and when another one opens.
const open = () => [...document.querySelectorAll("details[data-menu][open]")];

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  }
});

// A choice that is sent folds its menu; the focus leaves it, so that the next key is a shortcut again.
document.addEventListener("submit", (event) => {
  const menu = event.target.closest("details.choice-menu");
  if (!menu) return;
  menu.open = false;
  document.getElementById("main")?.focus({ preventScroll: true });
});
