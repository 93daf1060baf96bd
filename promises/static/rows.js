// Going through a list by keyboard: [data-rows] holds rows ([data-row]) with a checkbox each. The buttons with
// data-rows-step and data-rows-choose are pressed by keys.js, so "?" lists them and the switch turns them off; the
// arrows do what j and k do. Without JavaScript the checkboxes alone do it.
const form = document.querySelector("[data-rows]");
const boxes = () => [...form.querySelectorAll("[data-row] input[type=checkbox]:not(:disabled)")];
let at = -1;

function go(place) {
  const all = boxes();
  if (!all.length) return;
  at = Math.max(0, Math.min(place, all.length - 1));
  for (const row of form.querySelectorAll("[data-row][data-current]")) delete row.dataset.current;
  all[at].closest("[data-row]").dataset.current = "";
  all[at].focus();
  all[at].scrollIntoView({ block: "nearest" });
}

function tell() {
  const place = form.querySelector("[data-rows-count]");
  if (!place) return;
  const chosen = boxes().filter((box) => box.checked).length;
  place.textContent = chosen === 0 ? "" : chosen === 1 ? place.dataset.one : place.dataset.many.replace("{n}", chosen);
}

if (form) {
  form.addEventListener("click", (event) => {
    const step = event.target.closest("[data-rows-step]");
    if (step) go(at + Number(step.dataset.rowsStep));
    if (event.target.closest("[data-rows-choose]")) {
      if (at < 0) at = 0;
      const box = boxes()[at];
      if (!box) return;
      box.checked = !box.checked;
      tell();
      go(at + 1);
    }
  });
  form.addEventListener("focusin", (event) => {
    const place = boxes().indexOf(event.target);
    if (place >= 0) at = place;
  });
  form.addEventListener("change", tell);
  form.addEventListener("keydown", (event) => {
    if (document.documentElement.dataset.keys === "off" || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    go(at + (event.key === "ArrowDown" ? 1 : -1));
  });
  for (const tools of form.querySelectorAll("[data-rows-tools]")) tools.hidden = false;
  tell();
}
