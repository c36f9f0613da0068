// Passkeys. A button with data-passkey asks the server what to ask the browser for, asks the browser, puts the answer into
// its form and sends it. Where the browser has no passkeys the page says what to do instead.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function ask(kind, options) {
  options.challenge = bytes(options.challenge);
  if (kind === "make") {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = (options.excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
    return navigator.credentials.create({ publicKey: options });
  }
  options.allowCredentials = (options.allowCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  return navigator.credentials.get({ publicKey: options });
}

function answer(credential) {
  const { id, rawId, type, response } = credential;
  const of = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    of.attestationObject = text(response.attestationObject);
  } else {
    of.authenticatorData = text(response.authenticatorData);
    of.signature = text(response.signature);
    of.userHandle = response.userHandle ? text(response.userHandle) : null;
  }
  return JSON.stringify({ id, rawId: text(rawId), type, response: of, extensions: {} });
}

const REASONS = {
  NotAllowedError: "Nothing was shown: it was called off, took too long, or there is no passkey for this server here.",
  InvalidStateError: "This device has a passkey of yours already.",
  SecurityError: "The browser does not allow passkeys at this address.",
  NotSupportedError: "This device cannot make the kind of passkey that is asked for; take another one.",
  ConstraintError: "This device cannot make the kind of passkey that is asked for; take another one.",
};

for (const button of document.querySelectorAll("button[data-passkey]")) {
  const form = button.form;
  const says = button.closest("p").nextElementSibling;
  if (!window.PublicKeyCredential || !navigator.credentials) {
    button.disabled = true;
    says.textContent = says.dataset.none;
    continue;
  }
  let isReady = false;
  let isBusy = false;
  button.addEventListener("click", async (event) => {
    if (isReady) return;
    event.preventDefault();
    if (isBusy) return;
    // A passkey stands for the code.
    const code = form.elements.namedItem("code");
    const needsCode = code?.required;
    if (code) code.required = false;
    const isWhole = form.reportValidity();
    if (code) code.required = needsCode;
    if (!isWhole) return;
    isBusy = true;
    says.textContent = "Your browser asks you now.";
    try {
      const all = new FormData(form);
      const body = new URLSearchParams();
      for (const name of button.dataset.fields.split(" ")) {
        if (all.has(name)) body.append(name, all.get(name));
      }
      const response = await fetch(button.dataset.options, { method: "POST", body });
      const asked = await response.json().catch(() => ({}));
      if (!response.ok || !asked.options) {
        const problem = asked.problem ?? "the server did not answer; load this page again";
        says.textContent = `${problem.charAt(0).toUpperCase()}${problem.slice(1)}.`;
        return;
      }
      const credential = await ask(button.dataset.passkey, asked.options);
      form.elements.namedItem("ceremony").value = asked.ceremony;
      form.elements.namedItem("answer").value = answer(credential);
      isReady = true;
      form.requestSubmit(button);
    } catch (error) {
      says.textContent = REASONS[error.name] ?? "The browser could not show a passkey.";
    } finally {
      isBusy = false;
    }
  });
}
