// Passkeys. A form[data-passkey="get"|"create"] asks its address data-begin for a challenge, lets the browser's own
// dialogue answer it, puts the answer into its fields [data-passkey-answer] and [data-passkey-token] and is sent.
// Without JavaScript, or where the browser knows no passkeys, what is marked [data-passkey-only] stays hidden.
const known = "PublicKeyCredential" in window && "credentials" in navigator;

function toBytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function toText(buffer) {
  if (!buffer) return null;
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function named(list) {
  return (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));
}

async function ask(options) {
  const publicKey = {
    ...options, challenge: toBytes(options.challenge), allowCredentials: named(options.allowCredentials),
  };
  const found = await navigator.credentials.get({ publicKey });
  return answer(found, {
    authenticatorData: toText(found.response.authenticatorData), signature: toText(found.response.signature),
    userHandle: toText(found.response.userHandle),
  });
}

async function make(options) {
  const publicKey = {
    ...options, challenge: toBytes(options.challenge), excludeCredentials: named(options.excludeCredentials),
    user: { ...options.user, id: toBytes(options.user.id) },
  };
  const made = await navigator.credentials.create({ publicKey });
  return answer(made, {
    attestationObject: toText(made.response.attestationObject), transports: made.response.getTransports?.() || [],
  });
}

function answer(credential, response) {
  return JSON.stringify({
    id: credential.id, rawId: toText(credential.rawId), type: credential.type, clientExtensionResults: {},
    response: { ...response, clientDataJSON: toText(credential.response.clientDataJSON) },
  });
}

async function run(form) {
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
  const begun = await fetch(form.dataset.begin, { method: "POST", body, credentials: "same-origin" });
  if (!begun.ok) throw new Error(String(begun.status));
  const { options, token } = await begun.json();
  const said = form.dataset.passkey === "create" ? await make(options) : await ask(options);
  form.querySelector("[data-passkey-answer]").value = said;
  form.querySelector("[data-passkey-token]").value = token;
  form.submit();
}

for (const form of known ? document.querySelectorAll("form[data-passkey]") : []) {
  const trouble = form.querySelector("[data-passkey-trouble]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.dataset.running) return;
    form.dataset.running = "1";
    trouble.hidden = true;
    run(form).catch(() => { trouble.hidden = false; }).finally(() => { delete form.dataset.running; });
  });
}

if (known) for (const part of document.querySelectorAll("[data-passkey-only]")) part.hidden = false;
