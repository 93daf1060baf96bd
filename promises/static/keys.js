// Single-key shortcuts: data-key="n", "space" or a pair "g q" on a button or link; the key presses it. They never
// fire with a modifier, while typing, or when switched off (kept on the device). "?" opens the list.
const OFF = "keys-off";
const PAIR_MS = 1200;
const TYPING = "input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable]";

const isOff = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };
const store = (off) => {
  try { if (off) localStorage.setItem(OFF, "1"); else localStorage.removeItem(OFF); } catch { /* this page only */ }
};
let off = isOff();
let first = "";
let firstAt = 0;

// What lies in a folded menu keeps its boxes in some browsers, and its key must not press it.
const folded = (element) => element.closest("details:not([open]) > :not(summary)");
const visible = (element) => !element.disabled
  && ((element.getClientRects().length > 0 && !folded(element)) || element.closest("[data-keys-always]"));
const targets = () => [...document.querySelectorAll("[data-key]")].filter(visible);
const words = (element) => {
  const copy = element.cloneNode(true);
  for (const hint of copy.querySelectorAll("kbd, .pill")) hint.remove();
  return element.dataset.keyLabel || copy.textContent.trim();
};

function list() {
  const place = document.querySelector("[data-keys-list]");
  if (!place) return;
  place.replaceChildren(...targets().map((element) => {
    const row = document.createElement("div");
    const name = document.createElement("dt");
    const keys = document.createElement("dd");
    name.textContent = words(element);
    for (const part of element.dataset.key.split(" ")) {
      const key = document.createElement("kbd");
      key.textContent = part === "space" ? element.querySelector("kbd")?.textContent || "Space" : part.toUpperCase();
      keys.append(key, " ");
    }
    row.append(name, keys);
    return row;
  }));
}

function open() {
  const dialog = document.getElementById("keys-dialog");
  if (!dialog || dialog.open) return;
  list();
  dialog.showModal();
}

function find(key) {
  const pair = performance.now() - firstAt < PAIR_MS ? `${first} ${key}` : "";
  const all = targets();
  return all.find((element) => pair && element.dataset.key === pair) || all.find((element) => element.dataset.key === key);
}

document.addEventListener("keydown", (event) => {
  if (off || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (event.target.closest(TYPING) || document.querySelector("dialog[open]")) return;
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  if (key === "space" && event.target.closest("button, a, summary, input")) return;
  if (key === "?") {
    event.preventDefault();
    open();
    return;
  }
  const target = event.shiftKey ? null : find(key);
  first = key;
  firstAt = performance.now();
  if (!target) return;
  event.preventDefault();
  first = "";
  target.focus({ preventScroll: true });
  target.click();
});

function mark() {
  document.documentElement.toggleAttribute("data-keys-on", !off);
  if (off) document.documentElement.dataset.keys = "off";
  else delete document.documentElement.dataset.keys;
  for (const box of document.querySelectorAll("[data-keys-switch]")) box.checked = !off;
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-keys-switch]")) return;
  off = !event.target.checked;
  store(off);
  mark();
});
document.addEventListener("click", (event) => { if (event.target.closest("[data-keys-open]")) open(); });
for (const button of document.querySelectorAll("[data-keys-open]")) button.hidden = false;
mark();
