// Choosing a password and enrolling a second factor: at the door, where it has to be done, and later at will.

import { el } from "../dom.js";
import { button, field, onceBox } from "./parts.js";

/** A form that says in place what went wrong. `onSubmit` does the work; a string that it returns is said, too. */
export function stepForm(words, { fields, submit, onSubmit, more = [] }) {
  const notice = el("div", { className: "notice", role: "alert" });
  const go = button(submit, null, "primary", { type: "submit" });
  const made = el("form", { className: "step", noValidate: true }, ...fields, notice, go, ...more);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    notice.textContent = "";
    try {
      notice.textContent = (await onSubmit()) ?? "";
    } catch (error) {
      if (error.name !== "CancelledError") notice.textContent = error.message;
    } finally {
      go.disabled = false;
    }
  });
  return made;
}

/** Another password. `old` is the one that was just typed, where it is known. Calls `onDone` with the new session. */
export function passwordStep(words, api, { old = "", name = "", onDone }) {
  const kept = el("input", { type: "password", name: "old_password", autocomplete: "current-password" });
  const fresh = el("input", { type: "password", name: "new_password", autocomplete: "new-password" });
  const again = el("input", { type: "password", name: "again", autocomplete: "new-password" });
  const user = el("input", { type: "text", name: "username", autocomplete: "username", value: name, hidden: true });
  const fields = [field(words.new_password, fresh, words.password_hint), field(words.new_password_again, again)];
  return stepForm(words, {
    fields: [user, ...(old ? [] : [field(words.old_password, kept)]), ...fields],
    submit: words.change_password,
    onSubmit: async () => {
      if (fresh.value !== again.value) {
        again.focus();
        return words.passwords_differ;
      }
      const body = { old_password: old || kept.value, new_password: fresh.value };
      onDone(await api.change("PUT", "v1/account/password", body));
    },
  });
}

/**
 * A second factor: the code to scan, a first code to prove it, and the recovery codes. Resolves with elements; calls
 * `onDone` when the codes have been kept.
 */
export async function enrolStep(words, api, { onEnrolled = () => {}, onDone }) {
  const enrolment = await api.change("POST", "v1/account/totp");
  const place = el("div", { className: "enrol" });
  const picture = el("img", { className: "qr", src: enrolment.qr_code, alt: words.qr_alt, width: 196, height: 196 });
  const secret = el("details", {}, el("summary", { textContent: words.totp_by_hand }), onceBox(words.totp_secret, enrolment.secret, words));
  const code = el("input", {
    type: "text",
    name: "code",
    className: "code-input",
    inputMode: "numeric",
    autocomplete: "one-time-code",
    maxLength: 12,
  });
  const confirm = stepForm(words, {
    fields: [field(words.totp_first_code, code)],
    submit: words.totp_confirm,
    onSubmit: async () => {
      const { recovery_codes: codes } = await api.change("PUT", "v1/account/totp", { code: code.value });
      onEnrolled();
      place.replaceChildren(...recoveryCodes(words, codes, onDone));
      place.querySelector("button.primary").focus();
    },
  });
  place.append(el("p", { textContent: words.totp_text }), picture, secret, confirm);
  return place;
}

/** The recovery codes, and the button of somebody who has put them away. */
export function recoveryCodes(words, codes, onDone) {
  const list = el("ol", { className: "codes" }, ...codes.map((one) => el("li", {}, el("code", { textContent: one }))));
  return [
    el("p", { textContent: words.recovery_text }),
    list,
    el("div", { className: "codes-tools" }, onceBoxTools(words, codes)),
    button(words.saved_it, onDone, "primary"),
  ];
}

function onceBoxTools(words, codes) {
  return button(words.save_as_file, () => {
    const url = URL.createObjectURL(new Blob([`${codes.join("\n")}\n`], { type: "text/plain" }));
    Object.assign(document.createElement("a"), { href: url, download: "kantu-recovery-codes.txt" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  });
}
