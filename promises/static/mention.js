// <textarea data-names="address">: after an @ the names of colleagues that begin with what follows it are offered below
// the field; choosing one writes it. Without the script a name is typed.
const PAUSE_MS = 200;
const AFTER_AT = /@([\p{L}\p{M}' -]{0,40})$/u;

for (const field of document.querySelectorAll("[data-names]")) {
  const place = document.createElement("div");
  place.setAttribute("role", "status");
  field.insertAdjacentElement("afterend", place);
  let timer = 0;

  function begun() {
    return AFTER_AT.exec(field.value.slice(0, field.selectionStart));
  }

  async function offer() {
    const found = begun();
    if (!found) return place.replaceChildren();
    const address = new URL(field.dataset.names, location.href);
    address.searchParams.set("q", found[1]);
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected || begun()?.[1] !== found[1]) return undefined;
    const made = new DOMParser().parseFromString(await answer.text(), "text/html");
    return place.replaceChildren(...made.body.childNodes);
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => offer().catch(() => {}), PAUSE_MS);
  });
  place.addEventListener("click", (event) => {
    const name = event.target.closest("button")?.textContent.trim();
    const found = name && begun();
    if (!found) return;
    const from = field.selectionStart - found[1].length;
    field.setRangeText(`${name} `, from, field.selectionStart, "end");
    place.replaceChildren();
    field.focus();
  });
}
