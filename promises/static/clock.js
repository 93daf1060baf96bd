// The server's time on a device whose own clock may be wrong. Counts on the monotonic clock, so that
// a change of the device's clock changes nothing.
let base = performance.timeOrigin;

/** Milliseconds since the epoch by the server. */
export const now = () => base + performance.now();

/** The server said `serverMs` when the device's monotonic clock showed `at`. */
export function sync(serverMs, at = performance.now()) {
  if (Number.isFinite(serverMs) && serverMs > 0) base = serverMs - at;
}

/** Hours and minutes in the language of the page. */
export function timeText(time, more) {
  const language = document.documentElement.lang;
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, {
    hour: "2-digit", minute: "2-digit", ...more,
  }).format(time);
}

/** The page itself: data-now was written just before its first byte arrived. */
function first() {
  const element = document.querySelector("[data-now]");
  const entry = performance.getEntriesByType("navigation")[0];
  if (element) sync(Number(element.dataset.now), entry ? entry.responseStart : 0);
}
first();
