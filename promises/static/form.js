// Forms: nothing is sent twice (data-form, unless data-resubmit), the error summary takes the focus, a password can
// be shown ([data-reveal]), and with data-enhance the answer changes the page in place instead of loading it anew.
// Without JavaScript the same forms post as usual.
import { morph } from "./morph.js";

document.querySelector("[data-error-summary]")?.focus();

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-error-summary] a");
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  (field.closest(".field") || field).scrollIntoView();
  field.focus({ preventScroll: true });
});

for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  });
}

function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}

async function send(form, submitter) {
  const body = new FormData(form, submitter);
  const answer = await fetch(form.action, {
    method: "POST", body: form.enctype === "multipart/form-data" ? body : new URLSearchParams(body),
    headers: { "X-Live": "1" }, credentials: "same-origin",
  });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const framed = page.body.dataset.layout === document.body.dataset.layout;
  if (!page.getElementById("main") || (answer.redirected && !framed)) {
    location.assign(answer.url);
    return;
  }
  if (answer.redirected && new URL(answer.url).pathname !== location.pathname) {
    history.pushState(null, "", answer.url);
  }
  document.title = page.title;
  morph(document.getElementById("main"), page.getElementById("main"));
  const top = document.querySelector(".top");
  if (framed && top) morph(top, page.querySelector(".top"));
  document.querySelector("[data-error-summary]")?.focus();
  document.dispatchEvent(new CustomEvent("lupaus:swapped"));
  const { watch, refresh } = await import("./live.js");
  watch();
  refresh();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-form]") || form.hasAttribute("data-resubmit")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
  if (!form.hasAttribute("data-enhance")) return;
  event.preventDefault();
  send(form, event.submitter).then(() => release(form), () => {
    release(form);
    form.submit();
  });
});

addEventListener("pageshow", () => { for (const form of document.querySelectorAll("[data-sent]")) release(form); });
addEventListener("popstate", () => location.reload());
