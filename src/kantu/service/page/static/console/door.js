// The door: a name and a password (and a code), or an API key. It opens once nothing is left to do first.

import { el } from "../dom.js";
import { button, field, textInput, waiting } from "./parts.js";
import { enrolStep, passwordStep, stepForm } from "./steps.js";

const KEY_PLACE = "kantu-key"; // in this tab's own storage
const SECOND_FACTOR = "#second-factor"; // where whoever comes from the identity provider is sent while a code is wanted
const SESSION_PLACE = "kantu-session"; // whether this browser may have a session; the cookie itself is not for scripts

export class Door {
  /** Calls `onSession` with a session in which nothing is left to do, or `onKey` with a key and the models it may use. */
  constructor(part, words, api, { onSession, onKey }) {
    Object.assign(this, { words, api, onSession, onKey });
    this.dialog = part("door");
    this.card = part("door-card");
    this.dialog.addEventListener("cancel", (event) => event.preventDefault()); // there is nothing to go back to
  }

  /** Go in with what this tab or this browser has, or ask. */
  async open() {
    if (location.hash === SECOND_FACTOR) return this.#showSecondFactor();
    const key = sessionStorage.getItem(KEY_PLACE);
    if (key) return this.#tryKey(key);
    if (!remembered()) return this.ask();
    try {
      this.#enter(await this.api.get("v1/session"), "");
    } catch (error) {
      if (error.status !== 401) this.ask(error.message);
    }
  }

  /** Ask who it is; `message` says why. */
  ask(message = "") {
    this.#forget();
    if (this.byKey) this.#showKey(message);
    else this.#showLogin(message);
  }

  /** What this browser keeps of whoever was here. */
  #forget() {
    this.byKey ||= sessionStorage.getItem(KEY_PLACE) !== null;
    sessionStorage.removeItem(KEY_PLACE);
    remember(false);
    this.api.key = this.api.csrfToken = "";
  }

  #show(title, text, ...elements) {
    const heading = el("h2", { id: "door-title", textContent: title });
    const told = text ? [el("p", { textContent: text })] : [];
    this.card.replaceChildren(el("div", { className: "logo large", "aria-hidden": "true" }), heading, ...told, ...elements);
    if (!this.dialog.open) this.dialog.showModal();
    this.card.querySelector("input:not([hidden])")?.focus();
  }

  // -- by name

  #showLogin(message = "") {
    const { words } = this;
    const name = textInput("name", { autocomplete: "username", value: this.name ?? "" });
    const password = el("input", { type: "password", name: "password", autocomplete: "current-password" });
    const code = textInput("code", { inputMode: "numeric", autocomplete: "one-time-code", className: "code-input" });
    const coded = field(words.code, code, words.code_hint);
    coded.hidden = true;
    const form = stepForm(words, {
      fields: [field(words.login_name, name), field(words.password, password), coded],
      submit: words.log_in,
      onSubmit: async () => {
        this.name = name.value;
        const body = { name: name.value, password: password.value, ...(code.value ? { code: code.value } : {}) };
        try {
          const session = await this.api.change("POST", "v1/session", body);
          remember(true);
          await this.#enter(session, password.value);
        } catch (error) {
          if (error.code !== "totp_code_required") throw error;
          coded.hidden = false;
          code.focus();
          return words.code_wanted;
        }
      },
      more: [button(words.use_key, () => this.#showKey(), "link")],
    });
    form.querySelector(".notice").textContent = message;
    this.byKey = false;
    this.#show(words.welcome, words.login_text, form);
    this.#offerProviders(form);
  }

  /** Ways to log in elsewhere, above the one to use a key. */
  async #offerProviders(form) {
    try {
      const { data } = await this.api.get("v1/session/providers");
      const ways = data.map(({ label, path }) => button(label, () => this.#leaveFor(path)));
      form.querySelector("[type=submit]").after(...ways);
    } catch (error) {
      form.querySelector(".notice").textContent ||= error.message;
    }
  }

  #leaveFor(path) {
    remember(true); // the session that the way back begins is looked for then
    location.assign(path.slice(1));
  }

  /** The code of whoever comes back from the identity provider and has enrolled a second factor here. */
  #showSecondFactor() {
    const { words, api } = this;
    const code = textInput("code", { inputMode: "numeric", autocomplete: "one-time-code", className: "code-input" });
    const away = () => history.replaceState(null, "", `${location.pathname}${location.search}`);
    const form = stepForm(words, {
      fields: [field(words.code, code, words.code_hint)],
      submit: words.log_in,
      onSubmit: async () => {
        const session = await api.change("POST", "v1/session/oidc", { code: code.value });
        away();
        remember(true);
        await this.#enter(session, "");
      },
      more: [
        button(
          words.use_account,
          () => {
            away();
            this.#showLogin();
          },
          "link",
        ),
      ],
    });
    this.#show(words.second_factor_title, words.second_factor_text, form);
  }

  /** `password` is what was just typed, to be changed; "" where it is not known. */
  async #enter(session, password) {
    const { words, api } = this;
    const entered = (next) => this.#enter(next, "");
    if (session.unfinished === "password") {
      const step = passwordStep(words, api, { old: password, name: session.name, onDone: entered });
      return this.#show(words.choose_password, words.choose_password_text, step, this.#leave());
    }
    if (session.unfinished === "totp") {
      this.#show(words.enrol_title, "", waiting(words, 3));
      const step = await this.#enrolment(entered);
      return this.#show(words.enrol_title, "", ...step, this.#leave());
    }
    this.dialog.close();
    this.onSession(session);
  }

  async #enrolment(entered) {
    const { words, api } = this;
    try {
      return [await enrolStep(words, api, { onDone: async () => entered(await api.get("v1/session")) })];
    } catch (error) {
      if (error.name === "CancelledError") return [el("p", { textContent: words.again_text })];
      return [el("div", { className: "notice", role: "alert", textContent: error.message })];
    }
  }

  #leave() {
    return button(this.words.log_out, () => this.leave(), "link");
  }

  /** End the session, or let go of the key, and begin anew: nothing of a visit stays behind. */
  async leave() {
    if (this.api.csrfToken) {
      try {
        await this.api.change("DELETE", "v1/session");
      } catch (error) {
        if (error.status !== 401) throw error; // it had ended already
      }
    }
    sessionStorage.removeItem(KEY_PLACE);
    remember(false);
    location.replace(`${location.pathname}${location.search}`);
  }

  // -- by key

  #showKey(message = "") {
    const { words } = this;
    const key = el("input", { type: "password", name: "key", placeholder: "kt-…", autocomplete: "off", spellcheck: false });
    const form = stepForm(words, {
      fields: [field(words.key_label, key, words.key_hint)],
      submit: words.key_save,
      onSubmit: async () => {
        const text = key.value.trim();
        key.value = "";
        key.focus();
        if (!/^[\x21-\x7e]+$/.test(text)) return words.key_rejected; // could not be sent as a header
        await this.#useKey(text);
      },
      more: [button(words.use_account, () => this.#showLogin(), "link")],
    });
    form.querySelector(".notice").textContent = message;
    this.byKey = true;
    this.#show(words.key_title, words.key_text, form);
  }

  async #tryKey(key) {
    this.byKey = true;
    try {
      await this.#useKey(key);
    } catch (error) {
      if (error.status !== 401) this.ask(error.message);
    }
  }

  async #useKey(key) {
    const models = await this.api.models(key);
    sessionStorage.setItem(KEY_PLACE, key);
    this.api.key = key;
    if (this.dialog.open) this.dialog.close();
    this.onKey(models);
  }
}

function remember(is) {
  try {
    if (is) localStorage.setItem(SESSION_PLACE, "1");
    else localStorage.removeItem(SESSION_PLACE);
  } catch {
    // storage is switched off: the visitor logs in again after a reload
  }
}

function remembered() {
  try {
    return localStorage.getItem(SESSION_PLACE) !== null;
  } catch {
    return false;
  }
}
