// The toast with "Undo": ten seconds by the server's clock (data-undo-until), then it goes. The server holds the
// same limit, so the toast never promises more. Without JavaScript it stays, and the server refuses what is late.
import { now } from "./clock.js";

function tick() {
  const time = now();
  for (const toast of document.querySelectorAll("[data-undo-until]")) {
    const left = Number(toast.dataset.undoUntil) - time;
    const bar = toast.querySelector("progress");
    if (bar) bar.value = Math.max(left, 0);
    if (left > 0) continue;
    if (toast.contains(document.activeElement)) document.getElementById("main")?.focus({ preventScroll: true });
    toast.remove();
  }
}

setInterval(() => { if (!document.hidden) tick(); }, 250);
tick();
