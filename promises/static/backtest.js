// <form data-backtest>: trying a promise again while its fields change, without leaving the page. The result
// region is the element with the id "result". A slider beside the limit is made here, as it needs this script.
import { morph, parse } from "./morph.js";

const WAIT_MS = 250;
const form = document.querySelector("form[data-backtest]");
const result = document.getElementById("result");

let timer = 0;
let asked = null;

async function ask() {
  asked?.abort();
  asked = new AbortController();
  const address = new URL(location.pathname, location.origin);
  address.search = new URLSearchParams(new FormData(form)).toString();
  try {
    const answer = await fetch(address, {
      headers: { "X-Live": "1" }, credentials: "same-origin", signal: asked.signal,
    });
    if (answer.redirected || ![200, 422].includes(answer.status)) return form.requestSubmit();
    morph(result, parse(await answer.text()));
    if (answer.ok) history.replaceState(null, "", address);
  } catch (error) {
    if (error.name !== "AbortError") form.requestSubmit();
  }
  return undefined;
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT_MS);
}

function slider(limit) {
  const range = document.createElement("input");
  range.type = "range";
  range.min = "1";
  range.max = String(Math.max(30, 3 * Number(limit.value || 1)));
  range.value = limit.value;
  range.setAttribute("aria-label", document.querySelector(`label[for="${limit.id}"]`)?.textContent.trim() ?? "");
  range.addEventListener("input", () => {
    limit.value = range.value;
    soon();
  });
  limit.addEventListener("input", () => { range.value = limit.value; });
  limit.insertAdjacentElement("afterend", range);
}

if (form && result) {
  const limit = form.elements.namedItem("limit");  // promises in general terms have none here
  if (limit) slider(limit);
  form.addEventListener("input", (event) => { if (event.target.name) soon(); });
}
