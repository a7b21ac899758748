// The console's frame: who is here, which pages they may see, and which of them is shown.

import { Api } from "./api.js";
import { AskPage } from "./ask.js";
import { accountPage } from "./console/account.js";
import { auditPage } from "./console/audit.js";
import { reauthenticate } from "./console/dialogs.js";
import { Door } from "./console/door.js";
import { groupsPage } from "./console/groups.js";
import { guidePage } from "./console/guide.js";
import { historyPage } from "./console/history.js";
import { keysPage } from "./console/keys.js";
import { peoplePage } from "./console/people.js";
import { settingsPage } from "./console/settings.js";
import { statusPage } from "./console/status.js";
import { usagePage } from "./console/usage.js";
import { el, partsOf } from "./dom.js";
import { TaskPage } from "./tasks/page.js";
import { Tray } from "./tray.js";

// What keys are for; which of it a key may, the API says.
const OF_KEYS = ["create chat", "read tasks", "create tokenize", "read models"];

class Console {
  constructor(root) {
    this.root = root;
    this.words = JSON.parse(root.dataset.words);
    this.acts = JSON.parse(root.dataset.acts);
    this.keptDays = root.dataset.keptDays;
    this.language = root.lang;
    this.session = null;
    this.allowed = [];
    const part = (this.part = partsOf(root));
    this.api = new Api(this.words, root.lang, {
      onEnded: (error) => part("door").open || this.door.ask(error.message),
      onStale: () => reauthenticate(this),
    });
    this.door = new Door(part, this.words, this.api, {
      onSession: (session) => this.#begin(session),
      onKey: (models) => this.#beginWithKey(models),
    });
    this.tray = new Tray(part, this.words, {
      onChange: () => this.#picturesChanged(),
      onRefused: (names) => this.#looking.say(this.words.not_a_picture + names.join("、")),
    });
    const shared = { model: () => part("model").value, onEnlarge: (element) => this.#enlarge(element) };
    this.tasks = new TaskPage(part, this.words, this.api, this.tray, {
      ...shared,
      onChoose: (task) => this.#rememberTask(task),
    });
    this.asking = new AskPage(part, this.words, this.api, this.tray, {
      ...shared,
      previews: () => this.may("create tokenize"),
      onShow: () => this.go("ask"),
      onChange: () => this.#showHeading(),
    });
    this.#listen();
    this.door.open();
  }

  /** Whether the visitor may do something: "create people". The API decides; this only leaves out what it would refuse. */
  may(act) {
    return this.allowed.includes(act);
  }

  go(page) {
    const hash = page === this.#home ? "" : `#${page}`;
    if (location.hash === hash) this.#show();
    else if (hash) location.hash = hash;
    else {
      history.pushState(null, "", `${location.pathname}${location.search}`);
      this.#show();
    }
  }

  /** Say something to who does not see it. */
  say(text) {
    this.part("spoken").textContent = text;
  }

  // -- who is here

  #begin(session) {
    if (this.session && this.session.person_id !== session.person_id) {
      location.reload(); // somebody else: nothing of the one before stays
      return;
    }
    const isFirst = this.session === null;
    this.session = session;
    this.allowed = session.may;
    this.#showWho(session.display_name, session.role_name);
    if (isFirst) this.#enter();
  }

  #beginWithKey(models) {
    this.allowed = OF_KEYS;
    this.#showWho(this.words.with_key, "");
    this.#enter(models);
  }

  async #enter(models) {
    this.#showPages();
    this.tasks.forget();
    if (this.may("read models")) {
      try {
        const found = models ?? (await this.api.models());
        this.part("model").replaceChildren(...found.map(({ id }) => el("option", { value: id, textContent: id })));
      } catch (error) {
        this.asking.say(error.message);
      }
    }
    this.#show();
  }

  #showWho(name, role) {
    const { words } = this;
    const sign = el("span", { className: "sign", "aria-hidden": "true", textContent: [...name][0] ?? "" });
    const lines = el("span", { className: "who-lines" }, el("strong", { textContent: name }), el("small", { textContent: role }));
    const leave = el("button", { type: "button", className: "tool", title: words.log_out }, el("span", { className: "icon icon-leave" }));
    leave.dataset.part = "leave";
    leave.setAttribute("aria-label", words.log_out);
    leave.addEventListener("click", () => this.door.leave());
    const link = this.session ? el("a", { className: "who-link", href: "#account" }, sign, lines) : el("span", { className: "who-link" }, sign, lines);
    if (this.session) link.dataset.page = "account";
    this.part("who").replaceChildren(link, leave);
  }

  // -- which page

  /** The pages that the visitor may see, in their order: name -> {title, icon, act}. */
  get #pages() {
    const { words } = this;
    const kept = this.keptDays ? [["history", words.page_history, "read history"]] : [];
    const pages = [
      ["guide", words.page_guide, "read settings"],
      ["ask", words.page_ask, "create chat"],
      ["tasks", words.page_tasks, "read tasks"],
      ...kept,
      ["usage", words.page_usage, "read usage"],
      ["people", words.page_people, "read people"],
      ["groups", words.page_groups, "read policies"],
      ["keys", words.page_keys, "read keys"],
      ["audit", words.page_audit, "read audit"],
      ["status", words.page_status, "read status"],
      ["settings", words.page_settings, "read settings"],
    ];
    return pages.filter(([, , act]) => this.may(act));
  }

  get #home() {
    const role = this.session?.role;
    return { system: "guide", security: "people", audit: "audit" }[role] ?? "ask";
  }

  /** [page, what stands behind it] as the address says. */
  get #address() {
    const [page, rest = ""] = location.hash.slice(1).split(/\/(.*)/);
    const known = [...this.#pages.map(([name]) => name), ...(this.session ? ["account"] : [])];
    return known.includes(page) ? [page, decoded(rest)] : [this.#home, ""];
  }

  get #page() {
    return this.#address[0];
  }

  #showPages() {
    const links = this.#pages.map(([name, title]) => {
      const link = el("a", { href: `#${name}` }, el("span", { className: `icon icon-${name}`, "aria-hidden": "true" }), title);
      link.dataset.page = name;
      return link;
    });
    this.part("pages").replaceChildren(...links);
  }

  #show() {
    const [page, rest] = this.#address;
    const { part } = this;
    const isNew = this.shown !== page;
    this.shown = page;
    this.#menu(false);
    for (const link of this.root.querySelectorAll("a[data-page]")) {
      if (link.dataset.page === page) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    part("scroll").hidden = part("composer").hidden = part("talks").hidden = page !== "ask";
    part("tasks").hidden = page !== "tasks";
    part("models").hidden = !["ask", "tasks"].includes(page);
    const isSheet = !["ask", "tasks"].includes(page);
    part("sheet").hidden = !isSheet;
    if (page === "tasks") {
      part("task-pictures").prepend(this.tray.list);
      this.tasks.load(rest || null);
      if (!rest && this.tasks.task) this.#rememberTask(this.tasks.task);
    } else if (page === "ask") {
      part("form").prepend(this.tray.list);
    }
    if (isNew) {
      this.leaving?.abort(); // what the page before was still waiting for
      this.leaving = new AbortController();
    }
    if (isSheet && isNew) {
      part("sheet").replaceChildren(PAGES[page](this, this.leaving.signal));
      part("sheet").scrollTop = 0;
    } else if (!isSheet) {
      part("sheet").replaceChildren();
    }
    this.#showHeading();
    if (!isSheet) this.#looking.picturesChanged();
    if (isNew && page !== "ask" && this.moved) part("heading").focus();
    this.moved = true;
  }

  #showHeading() {
    if (!this.asking) return; // it is being made
    const page = this.#page;
    const titles = new Map(this.#pages.map(([name, title]) => [name, title])).set("account", this.words.page_account);
    const inside = { ask: this.asking.title, tasks: this.tasks.task?.title }[page];
    this.part("heading").textContent = inside || titles.get(page) || this.words.title;
    document.title = page === "ask" ? this.words.title : `${titles.get(page) ?? ""} · ${this.words.title}`;
  }

  /** Puts the task that is chosen into the address. */
  #rememberTask(task) {
    if (this.#page !== "tasks") return;
    history.replaceState(null, "", `${location.pathname}${location.search}#tasks/${encodeURIComponent(task.id)}`);
    this.#showHeading();
  }

  // -- pictures, which both questions and tasks are about

  get #looking() {
    return this.#page === "tasks" ? this.tasks : this.asking;
  }

  #picturesChanged() {
    if (!this.asking || this.part("door").open) return; // it is being made
    const isLooking = ["ask", "tasks"].includes(this.#page);
    if (!isLooking && this.tray.pictures.length && this.may("create chat")) this.go("ask"); // pasted or dropped elsewhere
    else this.#looking.picturesChanged();
  }

  #enlarge(element) {
    this.part("stage").replaceChildren(element);
    this.part("lightbox").showModal();
  }

  #listen() {
    const { part } = this;
    window.addEventListener("hashchange", () => this.api.known && this.#show());
    part("menu").addEventListener("click", () => this.#menu(true));
    part("shade").addEventListener("click", () => this.#menu(false));
    part("side").addEventListener("click", (event) => event.target.closest("button, a") && this.#menu(false));
    part("side").addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.root.classList.contains("menu-open")) return;
      this.#menu(false);
      part("menu").focus();
    });
    part("skip").addEventListener("click", (event) => {
      event.preventDefault();
      part("heading").focus();
    });
    part("theme").addEventListener("click", () => {
      document.dispatchEvent(new Event("kantu-theme"));
      this.#nameTheme();
    });
    this.#nameTheme();
    part("lightbox").addEventListener("click", () => part("lightbox").close());
  }

  #menu(isOpen) {
    this.root.classList.toggle("menu-open", isOpen);
    this.part("menu").setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.part("pages").querySelector("a")?.focus();
  }

  #nameTheme() {
    const { words } = this;
    const name = document.documentElement.dataset.theme === "dark" ? words.to_light : words.to_dark;
    this.part("theme").title = name;
    this.part("theme").setAttribute("aria-label", name);
  }
}

const PAGES = {
  guide: guidePage,
  history: historyPage,
  usage: usagePage,
  people: peoplePage,
  groups: groupsPage,
  keys: keysPage,
  audit: auditPage,
  status: statusPage,
  settings: settingsPage,
  account: accountPage,
};


function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // typed by hand: nothing has such a name
  }
}

new Console(document.querySelector('[data-part="root"]'));
