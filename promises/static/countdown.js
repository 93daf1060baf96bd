// Elements with data-due-at (and data-from, data-risk-at; milliseconds by the server) count down. The state
// (data-state: open, at_risk, broken) changes at the exact instant; the sheet shows the words that belong to it.
// Inside: [data-left] gets m:ss and after the deadline +m:ss (with data-stop: 0:00), [data-left-bar] and
// [data-ring] what is left. At the deadline "lupaus:due" bubbles up once, and the live region around asks the server.
// [data-since] counts up from an instant; [data-clock] shows the time of the day in data-zone.
import { now, timeText } from "./clock.js";

const two = (number) => String(number).padStart(2, "0");

/** Seconds as m:ss or h:mm:ss. */
export function clockText(seconds) {
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest.replace(/^0(?=\d:)/, "");
}

function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Shows one countdown at `time`; returns the milliseconds until its text changes. */
function paint(element, time) {
  const due = Number(element.dataset.dueAt);
  const from = Number(element.dataset.from);
  const left = due - time;
  const state = left <= 0 ? "broken" : time > Number(element.dataset.riskAt) ? "at_risk" : "open";
  const before = element.dataset.state;
  if (before !== state) element.dataset.state = state;
  const text = left > 0 ? clockText(Math.ceil(left / 1000))
    : element.hasAttribute("data-stop") ? "0:00" : `+${clockText(Math.floor(-left / 1000))}`;
  write(element.querySelector("[data-left]"), text);
  const share = Math.min(Math.max(left / Math.max(due - from, 1), 0), 1);
  const bar = element.querySelector("[data-left-bar]");
  if (bar) bar.value = Math.round(share * 1000);
  const ring = element.querySelector("[data-ring]");
  if (ring) ring.setAttribute("stroke-dasharray", `${(share * 100).toFixed(2)} 100`);
  if (state === "broken" && before !== "broken") {
    element.dispatchEvent(new CustomEvent("lupaus:due", { bubbles: true }));
  }
  return left > 0 ? left % 1000 || 1000 : 1000 - (-left % 1000);
}

let timer = 0;
function tick() {
  clearTimeout(timer);
  const time = now();
  let wait = 1000;
  for (const element of document.querySelectorAll("[data-due-at]")) wait = Math.min(wait, paint(element, time));
  for (const element of document.querySelectorAll("[data-since]")) {
    write(element, clockText(Math.max(Math.floor((time - Number(element.dataset.since)) / 1000), 0)));
  }
  for (const element of document.querySelectorAll("[data-clock]")) {
    write(element, timeText(time, { timeZone: element.dataset.zone }));
  }
  timer = setTimeout(tick, Math.max(wait, 40));
}

document.addEventListener("lupaus:swapped", tick);
document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
tick();
