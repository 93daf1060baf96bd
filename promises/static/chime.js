// The two tones of the hall display. A browser lets a page sound only after a gesture, so a button (data-chime-on)
// turns it on; data-chime-mute turns it off and on again, kept on the device. It sounds when the live region shows
// another value of data-chime than before (the id of the latest call).
let context = null;
let last = null;
const MUTE = "chime-mute";
const muted = () => { try { return localStorage.getItem(MUTE) === "1"; } catch { return false; } };

function tone(frequency, start, length) {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.type = "sine";
  oscillator.frequency.value = frequency;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(0.35, start + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, start + length);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + length);
}

/** A falling third, 1.3 s. Silent before the gesture and while muted. */
export function chime() {
  if (!context || muted()) return;
  const start = context.currentTime + 0.02;
  tone(659.26, start, 0.7);
  tone(523.25, start + 0.45, 0.9);
}

function mark() {
  for (const button of document.querySelectorAll("[data-chime-on]")) button.hidden = context !== null;
  for (const button of document.querySelectorAll("[data-chime-mute]")) {
    button.hidden = context === null;
    button.setAttribute("aria-pressed", String(muted()));
  }
}

function look() {
  const value = document.querySelector("[data-chime]")?.dataset.chime ?? null;
  if (last !== null && value && value !== last) {
    chime();
    document.querySelector(".hall-now")?.toggleAttribute("data-new", true);
    setTimeout(() => document.querySelector(".hall-now")?.removeAttribute("data-new"), 3200);
  }
  last = value ?? "";
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-chime-on]")) {
    context = new AudioContext();
    chime();
    mark();
  } else if (event.target.closest("[data-chime-mute]")) {
    try { if (muted()) localStorage.removeItem(MUTE); else localStorage.setItem(MUTE, "1"); } catch { /* no store */ }
    mark();
  }
});
document.addEventListener("lupaus:swapped", look);
look();
mark();
