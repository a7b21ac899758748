// Puts the page's parts together: key -> pictures and question -> /v1/chat/completions -> answer, and beside it 任务.

import { Api } from "./api.js";
import { Conversation, imageParts, messagesFor, picturesSeenBy } from "./conversation.js";
import { el, partsOf } from "./dom.js";
import { KeyGate } from "./key.js";
import { Modes } from "./modes.js";
import { Options } from "./options.js";
import { TaskPage } from "./tasks/page.js";
import { Tray } from "./tray.js";
import { TurnView } from "./turn.js";

const PREVIEW_AFTER_MS = 250;

class Page {
  constructor(root) {
    this.words = JSON.parse(root.dataset.words);
    const part = (this.part = partsOf(root));
    this.api = new Api(this.words, root.lang);
    this.conversations = [];
    this.views = new Map(); // turn -> TurnView
    this.running = null; // AbortController of the answer that streams
    this.following = true; // whether the newest line is kept in view
    this.gate = new KeyGate(part, this.words, {
      check: (key) => this.api.models(key),
      onKey: (key, models) => this.#useKey(key, models),
    });
    this.options = new Options(part, this.words, { onChange: () => this.#preview() });
    this.tray = new Tray(part, this.words, {
      onChange: () => this.#trayChanged(),
      onRefused: (names) => this.#notice(this.words.not_a_picture + names.join("、")),
    });
    this.tasks = new TaskPage(part, this.words, this.api, this.tray, {
      model: () => part("model").value,
      onChoose: () => this.#modeChanged(),
      onEnlarge: (element) => this.#enlarge(element),
      onUnauthorized: (message) => this.gate.ask(message),
    });
    this.modes = new Modes(part, { onShow: () => this.#modeChanged() });
    this.#listen();
    this.#show(this.#fresh());
    this.modes.show(Modes.fromAddress().mode);
    this.gate.open();
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
      if (!event.target.matches(".idea")) return;
      question.value = event.target.textContent;
      this.#questionChanged();
      question.focus();
    });
    part("stop").addEventListener("click", () => this.running?.abort());
    part("new").addEventListener("click", () => {
      this.modes.show("ask");
      this.#show(this.#fresh());
      question.focus();
    });
    part("change-key").addEventListener("click", () => this.gate.ask());
    part("model").addEventListener("change", () => this.#preview());
    const menu = (shown) => part("root").classList.toggle("menu-open", shown);
    part("menu").addEventListener("click", () => menu(true));
    part("shade").addEventListener("click", () => menu(false));
    part("side").addEventListener("click", (event) => event.target.closest("button") && menu(false));
    const scroll = part("scroll");
    scroll.addEventListener("scroll", () => {
      this.following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
    });
    part("turns").addEventListener("load", () => this.#scrollDown(), true); // a picture makes its turn taller
    const lightbox = part("lightbox");
    lightbox.addEventListener("click", () => lightbox.close());
  }

  #useKey(key, models) {
    this.api.key = key;
    this.part("model").replaceChildren(...models.map(({ id }) => el("option", { value: id, textContent: id })));
    this.tasks.forget();
    if (this.#asking) this.part("question").focus();
    else this.tasks.load(Modes.fromAddress().task);
    this.#preview();
  }

  // -- questions or tasks

  get #asking() {
    return this.modes.mode === "ask";
  }

  #modeChanged() {
    if (this.#asking) this.part("form").prepend(this.tray.list);
    else this.part("task-pictures").prepend(this.tray.list);
    if (!this.#asking) this.tasks.load(Modes.fromAddress().task);
    this.modes.remember(this.tasks.task?.id);
    this.#showHeading();
    this.#trayChanged();
  }

  #showHeading() {
    const task = this.tasks.task?.title ?? this.words.mode_tasks;
    this.part("heading").textContent = this.#asking ? this.conversation.title : task;
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
    this.#showHeading();
    const entries = this.conversations.map((other) => {
      const entry = el("button", { type: "button", className: "entry", textContent: other.title || words.untitled });
      entry.setAttribute("aria-current", String(other === conversation));
      entry.addEventListener("click", () => {
        this.modes.show("ask");
        this.#show(other);
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
      onEnlarge: (element) => this.#enlarge(element),
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
      const body = { model: this.part("model").value, messages, ...turn.options };
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
        if (error.status === 401) this.gate.ask(error.message);
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

  #trayChanged() {
    if (!this.#asking) return this.tasks.picturesChanged();
    this.#notice("");
    this.part("question").focus();
    this.#preview();
  }

  #notice(text) {
    if (this.#asking) this.part("notice").textContent = text;
    else this.tasks.say(text);
  }

  /** What the chosen pictures will cost, told before they are asked about. */
  #preview() {
    this.previewing?.abort();
    clearTimeout(this.previewTimer);
    const preview = this.part("preview");
    const { pictures } = this.tray;
    preview.classList.remove("failed");
    preview.title = "";
    if (!pictures.length || !this.api.key) {
      preview.textContent = "";
      return;
    }
    const controller = (this.previewing = new AbortController());
    preview.textContent = this.words.previewing;
    this.previewTimer = setTimeout(async () => {
      try {
        const content = await imageParts(pictures);
        const body = { model: this.part("model").value, messages: [{ role: "user", content }], ...this.options.pixels() };
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

  // -- looking

  #enlarge(element) {
    this.part("stage").replaceChildren(element);
    this.part("lightbox").showModal();
  }

  /** Follow the answer, unless the visitor has scrolled up to read. */
  #scrollDown(force = false) {
    const scroll = this.part("scroll");
    this.following ||= force;
    if (this.following) scroll.scrollTop = scroll.scrollHeight;
  }
}

new Page(document.querySelector('[data-part="root"]'));
