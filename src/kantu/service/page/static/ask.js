// 看图: questions about pictures, in conversations that only this tab knows.

import { Conversation, imageParts, messagesFor, picturesSeenBy } from "./conversation.js";
import { el } from "./dom.js";
import { Options } from "./options.js";
import { TurnView } from "./turn.js";

const PREVIEW_AFTER_MS = 250;

export class AskPage {
  /**
   * Args: `tray` has the pictures of the next question; `model` tells the model that is chosen; `previews` whether what
   * pictures cost may be asked; `onShow` is called when a conversation is to be seen, `onChange` when its title has
   * changed; `onEnlarge` gets an element to show large.
   */
  constructor(part, words, api, tray, { model, previews, onShow, onChange, onEnlarge }) {
    Object.assign(this, { part, words, api, tray, model, previews, onShow, onChange, onEnlarge });
    this.conversations = [];
    this.views = new Map(); // turn -> TurnView
    this.running = null; // AbortController of the answer that streams
    this.following = true; // whether the newest line is kept in view
    this.options = new Options(part, words, { onChange: () => this.preview() });
    this.#listen();
    this.#show(this.#fresh());
  }

  get title() {
    return this.conversation.title;
  }

  #listen() {
    const { part } = this;
    const question = part("question");
    part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    question.addEventListener("keydown", (event) => {
      // while an input method composes, Enter chooses a word
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#ask();
    });
    question.addEventListener("input", () => this.#questionChanged());
    part("ideas").addEventListener("click", (event) => {
      if (event.target.matches(".idea")) this.suggest(event.target.textContent);
    });
    part("stop").addEventListener("click", () => this.running?.abort());
    part("new").addEventListener("click", () => {
      this.#show(this.#fresh());
      this.onShow();
      this.focus();
    });
    part("model").addEventListener("change", () => this.preview());
    const scroll = part("scroll");
    scroll.addEventListener("scroll", () => {
      this.following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
    });
    part("turns").addEventListener("load", () => this.#scrollDown(), true); // a picture makes its turn taller
  }

  focus() {
    this.part("question").focus();
  }

  /** Write a question, to be sent or changed. */
  suggest(text) {
    this.part("question").value = text;
    this.#questionChanged();
    this.focus();
  }

  // -- conversations

  /** A conversation in which nothing has been asked yet. */
  #fresh() {
    const unused = this.conversations.find((conversation) => !conversation.started);
    if (unused) return unused;
    const conversation = new Conversation();
    this.conversations.unshift(conversation);
    return conversation;
  }

  #show(conversation) {
    this.conversation = conversation;
    this.part("turns").replaceChildren(...conversation.turns.map((turn) => this.views.get(turn).element));
    this.#showHistory();
    this.#scrollDown(true);
  }

  #showHistory() {
    const { conversation, part, words } = this;
    part("empty").hidden = conversation.started;
    this.onChange();
    const entries = this.conversations.map((other) => {
      const entry = el("button", { type: "button", className: "entry", textContent: other.title || words.untitled });
      entry.setAttribute("aria-current", String(other === conversation));
      entry.addEventListener("click", () => {
        this.#show(other);
        this.onShow();
      });
      return entry;
    });
    part("history").replaceChildren(...entries);
  }

  // -- asking

  #ask() {
    if (this.running) return;
    const question = this.part("question");
    const text = question.value.trim();
    if (!text) return this.#notice(this.words.ask_first);
    let options;
    try {
      options = this.options.fields();
    } catch (error) {
      return this.#notice(error.message);
    }
    question.value = "";
    const turn = { pictures: this.tray.take(), question: text, options, answer: "", state: "running" };
    const { conversation } = this;
    const view = new TurnView(turn, this.words, {
      onRetry: () => this.running || this.#run(conversation, turn, view),
      onEnlarge: this.onEnlarge,
    });
    conversation.turns.push(turn);
    this.views.set(turn, view);
    this.part("turns").append(view.element);
    this.#questionChanged();
    this.#showHistory();
    this.#run(conversation, turn, view);
  }

  async #run(conversation, turn, view) {
    const controller = (this.running = new AbortController());
    this.#busy(true);
    turn.answer = "";
    turn.state = "running";
    view.start();
    this.#scrollDown(true);
    try {
      const messages = await messagesFor(conversation, turn);
      const body = { model: this.model(), messages, ...turn.options };
      const result = await this.api.chat(body, {
        signal: controller.signal,
        onLabel: (sentence) => view.label(sentence),
        onText: (piece) => {
          turn.answer += piece;
          view.append(piece);
          this.#scrollDown();
        },
      });
      turn.state = "done";
      view.finish(result, picturesSeenBy(conversation, turn));
    } catch (error) {
      if (error.name === "AbortError") {
        turn.state = "stopped";
        view.finish(null, picturesSeenBy(conversation, turn));
      } else {
        turn.state = "failed";
        view.fail(error);
      }
    } finally {
      this.running = null;
      this.#busy(false);
      this.#scrollDown();
    }
  }

  #busy(busy) {
    this.part("send").hidden = busy;
    this.part("stop").hidden = !busy;
  }

  // -- the question being written

  #questionChanged() {
    const question = this.part("question");
    this.#notice("");
    question.style.height = "auto";
    question.style.height = `${question.scrollHeight}px`;
    this.part("send").classList.toggle("ready", question.value.trim() !== "");
  }

  picturesChanged() {
    this.#notice("");
    this.focus();
    this.preview();
  }

  /** Say something about the question that is being written. */
  say(text) {
    this.#notice(text);
  }

  #notice(text) {
    this.part("notice").textContent = text;
  }

  /** What the chosen pictures will cost, told before they are asked about. */
  preview() {
    this.previewing?.abort();
    clearTimeout(this.previewTimer);
    const preview = this.part("preview");
    const { pictures } = this.tray;
    preview.classList.remove("failed");
    preview.title = "";
    if (!pictures.length || !this.previews()) {
      preview.textContent = "";
      return;
    }
    const controller = (this.previewing = new AbortController());
    preview.textContent = this.words.previewing;
    this.previewTimer = setTimeout(async () => {
      try {
        const content = await imageParts(pictures);
        const body = { model: this.model(), messages: [{ role: "user", content }], ...this.options.pixels() };
        const cost = await this.api.tokenize(body, controller.signal);
        const values = { pictures: pictures.length, tokens: cost.visual_tokens };
        const said = this.words.preview.replace(/\{(\w+)\}/g, (_, name) => values[name]);
        preview.textContent = preview.title = [said, ...(cost.warnings ?? [])].join(" · ");
      } catch (error) {
        if (error.name === "AbortError") return;
        preview.textContent = error.message;
        preview.classList.add("failed");
      }
    }, PREVIEW_AFTER_MS);
  }

  /** Follow the answer, unless the visitor has scrolled up to read. */
  #scrollDown(force = false) {
    const scroll = this.part("scroll");
    this.following ||= force;
    if (this.following) scroll.scrollTop = scroll.scrollHeight;
  }
}
