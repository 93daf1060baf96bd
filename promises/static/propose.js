// <form data-propose>: while somebody writes a proposal, what the blanks would have kept and cost ([data-tried]) and
// what is like it already ([data-similar-to]) stand beside the form. Each region has the address that answers with it.
import { morph, parse } from "./morph.js";

const PAUSE_MS = 250;
const LONGEST = 600;
const form = document.querySelector("form[data-propose]");
const tried = document.querySelector("[data-tried]");
const similar = document.querySelector("[data-similar-to]");
const LEFT_OUT = new Set(["csrf_token", "similar_seen", "problem_text", "needs"]);

function typed() {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (!LEFT_OUT.has(name)) fields.append(name, String(value).slice(0, LONGEST));
  }
  return fields;
}

const asked = new Map();

async function fill(place, address) {
  asked.get(place)?.abort();
  const asking = new AbortController();
  asked.set(place, asking);
  const where = new URL(address, location.href);
  where.search = typed().toString();
  const answer = await fetch(where, { credentials: "same-origin", signal: asking.signal });
  if (!answer.ok || answer.redirected) return;
  morph(place, parse(await answer.text()));
}

function look() {
  fill(tried, tried.dataset.tried).catch(() => {});
  fill(similar, similar.dataset.similarTo).then(() => {
    // what stood in view while typing is not asked about once more
    if (similar.querySelector("li")) form.elements.namedItem("similar_seen").value = "1";
  }).catch(() => {});
}

if (form && tried && similar) {
  let timer = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  });
}
