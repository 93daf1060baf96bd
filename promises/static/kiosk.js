// A kiosk goes back to its first page when nobody touches it: <body data-idle-seconds="25" data-idle-warning="10"
// data-idle-href="…"> and the dialog of ui.idle_dialog(). The warning comes `data-idle-warning` seconds before the end;
// any touch or key extends. An element with data-print prints
// the page once, and [data-print-again] prints it again.
const { idleSeconds, idleWarning, idleHref } = document.body.dataset;
const dialog = document.getElementById("idle-dialog");
let touchedAt = performance.now();

function extend() {
  touchedAt = performance.now();
  if (dialog?.open) dialog.close();
}

function tick() {
  const left = Number(idleSeconds) - (performance.now() - touchedAt) / 1000;
  if (left <= 0) {
    location.replace(idleHref);
    return;
  }
  if (dialog && left <= Number(idleWarning || 0)) {
    if (!dialog.open) dialog.showModal();
    const seconds = dialog.querySelector("[data-idle-left]");
    if (seconds) seconds.textContent = String(Math.ceil(left));
  }
}

if (idleSeconds && idleHref) {
  for (const kind of ["pointerdown", "keydown", "touchstart", "wheel"]) {
    addEventListener(kind, extend, { passive: true });
  }
  setInterval(tick, 500);
}

if (document.querySelector("[data-print]")) addEventListener("load", () => print(), { once: true });
document.addEventListener("click", (event) => { if (event.target.closest("[data-print-again]")) print(); });
