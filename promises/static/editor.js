// The editor of promises: each answer is kept and the sentence shown anew, without leaving the page. What could not be
// read, or what somebody else changed meanwhile, is told beside the sentence; the button tells it at the field.
// Without JavaScript the button "Update the sentence" does the same.
import { morph } from "./morph.js";

const form = document.querySelector("form[data-preview]");
const WAIT_MS = 300;
let timer = 0;
let asked = 0;

// A title that nobody has touched follows the answers.
function follow(page, sent) {
  for (const name of ["title_fi", "title_sv", "title_en"]) {
    const field = form.elements[name];
    const now = page.querySelector(`form[data-preview] [name=${name}]`);
    if (now && field.value === sent.get(name)) field.value = now.value;
  }
}

async function update() {
  const mine = ++asked;
  const body = new URLSearchParams(new FormData(form));
  body.set("step", "update");
  const answer = await fetch(location.pathname, {
    method: "POST", body, headers: { "X-Live": "1" }, credentials: "same-origin",
  });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const told = page.getElementById("told");
  if (!told || form.dataset.sent) return;
  const revision = page.querySelector("form[data-preview] [name=revision]");
  if (answer.status === 409) {
    const problem = page.querySelector("[data-error-summary] li");
    told.append(Object.assign(document.createElement("p"), { textContent: problem?.textContent ?? "" }));
    form.removeAttribute("data-preview");
  } else if (revision) {
    form.elements.revision.value = revision.value;
    follow(page, body);
    for (const other of document.querySelectorAll(".action [name=revision]")) other.value = revision.value;
  }
  if (mine !== asked) return;
  morph(document.getElementById("told"), told);
  const line = document.getElementById("history");
  const newer = page.getElementById("history");
  if (line && newer) morph(line, newer);
}

// One at a time: each change needs the revision that the one before it was given.
let last = Promise.resolve();
form?.addEventListener("change", () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    last = last.then(() => (form.hasAttribute("data-preview") && !form.dataset.sent ? update() : undefined)).catch(() => {});
  }, WAIT_MS);
});
