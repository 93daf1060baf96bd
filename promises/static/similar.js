// While somebody writes: what is known already in similar words. <textarea data-similar="address"> asks the
// address for a part of a page, half a second after the last key, and shows it in [data-similar-found].
const PAUSE_MS = 500;
const LEAST = 8;

for (const field of document.querySelectorAll("[data-similar]")) {
  const place = field.form?.querySelector("[data-similar-found]");
  if (!place) continue;
  let timer = 0;
  let asked = "";
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask().catch(() => {}), PAUSE_MS);
  });
  async function ask() {
    const text = field.value.trim();
    if (text === asked) return;
    asked = text;
    if (text.length < LEAST) {
      place.replaceChildren();
      return;
    }
    const address = new URL(field.dataset.similar, location.href);
    address.searchParams.set("text", text.slice(0, 1000));
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok || text !== field.value.trim()) return;
    const made = new DOMParser().parseFromString(await answer.text(), "text/html");
    place.replaceChildren(...made.body.childNodes);
  }
}
