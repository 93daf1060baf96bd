// Regions that keep themselves fresh: <div data-live-url="…" data-live-interval="2000">.
// The fragment is asked for with the ETag of the last one; 304 costs next to nothing. No polling while the page
// is hidden; longer pauses after errors; data-stale after 15 s without an answer. A fragment may hold one
// element with data-announce: its text is read out politely, at most every 5 s. The header X-Now (milliseconds)
// of any answer, or data-now in a fresh fragment, sets the clock of the countdowns.
// Events on the region: "lupaus:swapped" after a change; "lupaus:due" (from countdown.js) asks at once.
import { now, sync, timeText } from "./clock.js";
import { morph, parse } from "./morph.js";

const STALE_MS = 15000;
const PAUSE_MOST_MS = 30000;
const ANSWER_MOST_MS = 10000;
const ANNOUNCE_EVERY_MS = 5000;
const regions = new Map();

let spokenAt = -Infinity;
let spoken = "";
let speech = 0;
function announce(text) {
  const status = document.getElementById("live-status");
  if (!status || !text || text === spoken) return;
  clearTimeout(speech);
  speech = setTimeout(() => {
    spokenAt = performance.now();
    spoken = text;
    status.textContent = text;
  }, Math.max(0, spokenAt + ANNOUNCE_EVERY_MS - performance.now()));
}

function badge(element) {
  const count = element.querySelector("[data-badge]")?.dataset.badge;
  if (count === undefined) return;
  const bare = document.title.replace(/^\(\d+\) /, "");
  document.title = Number(count) ? `(${count}) ${bare}` : bare;
}

class Region {
  constructor(element) {
    this.element = element;
    this.etag = element.dataset.liveEtag || null;
    this.interval = Number(element.dataset.liveInterval) || 2000;
    this.heardAt = performance.now();
    this.heardClock = now();
    this.failures = 0;
    this.timer = 0;
    this.busy = false;
    element.addEventListener("lupaus:due", () => {
      setTimeout(() => this.ask(), 100);
      setTimeout(() => this.ask(), 1100);
    });
    this.ask();
  }

  note(kind) {
    return document.querySelector(`[data-live-${kind}="${this.element.id}"]`);
  }

  stale(is) {
    this.element.toggleAttribute("data-stale", is);
    const note = this.note("stale");
    if (!note) return;
    note.hidden = !is;
    const time = note.querySelector("time");
    if (is && time) {
      time.textContent = timeText(this.heardClock, { second: "2-digit" });
    }
  }

  end() {
    this.ended = true;
    this.stale(false);
    this.element.toggleAttribute("data-stale", true);
    const note = this.note("ended");
    if (note) note.hidden = false;
  }

  async ask() {
    if (this.busy || this.ended || document.hidden || !this.element.isConnected) return;
    clearTimeout(this.timer);
    this.busy = true;
    const late = setTimeout(() => this.stale(true), Math.max(0, this.heardAt + STALE_MS - performance.now()));
    try {
      await this.fetch();
      this.failures = 0;
      this.heardAt = performance.now();
      this.heardClock = now();
      if (!this.ended) this.stale(false);
    } catch {
      this.failures += 1;
      if (performance.now() - this.heardAt >= STALE_MS) this.stale(true);
    }
    clearTimeout(late);
    this.busy = false;
    this.timer = setTimeout(() => this.ask(), Math.min(this.interval * 2 ** this.failures, PAUSE_MOST_MS));
  }

  async fetch() {
    const url = this.element.dataset.liveUrl;
    const headers = { "X-Live": "1" };
    if (this.etag) headers["If-None-Match"] = this.etag;
    const started = performance.now();
    const answer = await fetch(url, {
      headers, cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MOST_MS),
    });
    if (answer.redirected || [401, 403, 404, 410].includes(answer.status)) return this.end();
    if (!answer.ok && answer.status !== 304) throw new Error(String(answer.status));
    const middle = (started + performance.now()) / 2;
    const clock = Number(answer.headers.get("X-Now"));
    if (clock) sync(clock, middle);
    if (answer.status === 304) return undefined;
    const html = await answer.text();
    this.etag = answer.headers.get("ETag");
    return this.show(html, clock ? null : middle);
  }

  show(html, at) {
    const fragment = parse(html);
    const stamp = fragment.querySelector("[data-now]");
    if (at !== null && stamp) sync(Number(stamp.dataset.now), at);
    morph(this.element, fragment);
    badge(this.element);
    announce(fragment.querySelector("[data-announce]")?.textContent.trim());
    this.element.dispatchEvent(new CustomEvent("lupaus:swapped", { bubbles: true }));
  }
}

/** Take up the regions of the page; called again after a page was changed in place. */
export function watch() {
  for (const [element, region] of regions) {
    if (element.isConnected && element.dataset.liveUrl) continue;
    clearTimeout(region.timer);
    regions.delete(element);
  }
  for (const element of document.querySelectorAll("[data-live-url]")) {
    if (!regions.has(element)) regions.set(element, new Region(element));
  }
}

/** Ask all regions now, for instance after an action. */
export function refresh() {
  for (const region of regions.values()) region.ask();
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
window.addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
window.addEventListener("online", refresh);
watch();
