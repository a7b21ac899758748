// Dialogs that are made when they are needed: forms, questions, and what is shown once.

import { el } from "../dom.js";
import { button, field, newId } from "./parts.js";

/**
 * Opens a dialog. `body(close)` gives its elements. Resolves when it is closed, with what `close` was given; undefined
 * where it was left with Escape. The focus goes back to where it was.
 */
export function dialog(context, title, body, { wide = false, stubborn = false } = {}) {
  const from = document.activeElement;
  return new Promise((resolve) => {
    const heading = el("h2", { id: newId(), textContent: title });
    const box = el("dialog", { className: `dialog ${wide ? "wide" : ""}` }, heading);
    box.setAttribute("aria-labelledby", heading.id);
    let result;
    const close = (value) => {
      result = value;
      box.close();
    };
    box.addEventListener("cancel", (event) => stubborn && event.preventDefault());
    box.addEventListener("close", () => {
      box.remove();
      if (from?.isConnected) from.focus();
      resolve(result);
    });
    box.append(...[body(close)].flat());
    context.root.append(box);
    box.showModal();
    (box.querySelector("[autofocus], input:not([type=checkbox]), select, textarea") ?? box.querySelector("button"))?.focus();
  });
}

/**
 * A form in a dialog. `fields`: [[label, input, hint]] or elements; `onSubmit` does the work, and what it throws is said
 * in the dialog. Resolves with what it returned; undefined where it was left.
 */
export function form(context, title, { text = "", fields = [], submit, kind = "primary", onSubmit, wide = false }) {
  const { words } = context;
  return dialog(
    context,
    title,
    (close) => {
      const notice = el("div", { className: "notice", role: "alert" });
      const go = button(submit, null, kind, { type: "submit" });
      const cancel = button(words.cancel, () => close());
      const shown = fields.map((one) => (Array.isArray(one) ? field(...one) : one));
      const made = el("form", { noValidate: true }, ...shown, notice, el("div", { className: "dialog-tools" }, cancel, go));
      made.addEventListener("submit", async (event) => {
        event.preventDefault();
        const missing = [...made.querySelectorAll("[required]")].find(({ value }) => !value.trim());
        if (missing) {
          notice.textContent = words.fill_in + made.querySelector(`label[for="${missing.id}"]`).textContent;
          missing.focus();
          return;
        }
        go.disabled = true;
        notice.textContent = "";
        try {
          close(await onSubmit());
        } catch (error) {
          if (error.name === "CancelledError") return;
          notice.textContent = error.message;
          const wrong = error.param && made.elements[error.param];
          (wrong ?? made.querySelector("input, select, textarea"))?.focus?.();
        } finally {
          go.disabled = false;
        }
      });
      return [...(text ? [el("p", { textContent: text })] : []), made];
    },
    { wide },
  );
}

/** Asks before something that cannot be taken back; resolves with what `onSubmit` returned. */
export function confirm(context, title, text, submit, onSubmit) {
  return form(context, title, { text, submit, kind: "danger", onSubmit });
}

/** Shows something that nobody will see again. */
export function once(context, title, text, ...elements) {
  return dialog(
    context,
    title,
    (close) => [
      el("p", { textContent: text }),
      ...elements,
      el("div", { className: "dialog-tools" }, button(context.words.saved_it, () => close(true), "primary")),
    ],
    { stubborn: true },
  );
}

/**
 * Asks for the password (and a code) again; resolves with whether it was given. Whoever logs in at an identity provider
 * is sent there, and does the act anew afterwards.
 */
export async function reauthenticate(context) {
  const { words, session, api } = context;
  if (session.issuer) {
    const submit = words.again_elsewhere_submit;
    await form(context, words.again_elsewhere, {
      text: words.again_elsewhere_text,
      submit,
      onSubmit: () => location.assign("v1/session/oidc?fresh=true"),
    });
    return false;
  }
  const password = el("input", { type: "password", name: "password", autocomplete: "current-password", required: true });
  const code = el("input", { type: "text", name: "code", inputMode: "numeric", autocomplete: "one-time-code", required: true });
  const given = await form(context, words.again_title, {
    text: words.again_text,
    fields: [[words.password, password], ...(session.has_totp ? [[words.code, code, words.code_hint]] : [])],
    submit: words.again_submit,
    onSubmit: async () => {
      const body = { password: password.value, ...(session.has_totp ? { code: code.value } : {}) };
      await api.change("POST", "v1/session/reauthentication", body);
      return true;
    },
  });
  return Boolean(given);
}
