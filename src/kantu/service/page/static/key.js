// The visitor's key: asked for once, kept in this tab's own storage, sent as a header and never put into an address.

const PLACE = "kantu-key";

export class KeyGate {
  /** `check` tries a key and throws an ApiError where it is no good; `onKey` gets one that is. */
  constructor(part, words, { check, onKey }) {
    this.dialog = part("key-dialog");
    this.input = part("key");
    this.notice = part("key-notice");
    this.save = part("key-save");
    this.words = words;
    this.check = check;
    this.onKey = onKey;
    this.dialog.addEventListener("cancel", (event) => {
      if (!sessionStorage.getItem(PLACE)) event.preventDefault(); // without a key there is nothing to go back to
    });
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog && sessionStorage.getItem(PLACE)) this.dialog.close();
    });
    part("key-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** Use the key of this tab, or ask for one. */
  async open() {
    const kept = sessionStorage.getItem(PLACE);
    if (kept) await this.#use(kept);
    else this.ask();
  }

  ask(message = "") {
    this.input.value = "";
    this.notice.textContent = message;
    if (!this.dialog.open) this.dialog.showModal();
    this.input.focus();
  }

  async #submit() {
    const key = this.input.value.trim();
    if (!/^[\x21-\x7e]+$/.test(key)) return this.ask(this.words.key_rejected); // could not be sent as a header
    await this.#use(key);
  }

  async #use(key) {
    this.save.disabled = true;
    this.save.textContent = this.words.key_checking;
    try {
      const models = await this.check(key);
      sessionStorage.setItem(PLACE, key);
      this.dialog.close();
      this.onKey(key, models);
    } catch (error) {
      if (error.status === 401) sessionStorage.removeItem(PLACE);
      this.ask(error.message);
    } finally {
      this.save.disabled = false;
      this.save.textContent = this.words.key_save;
    }
  }
}
