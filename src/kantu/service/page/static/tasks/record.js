// A task's record as cards: each field by its title, with how sure it is and what may be wrong with it.

import { el } from "../dom.js";
import { isDoubtful } from "./evidence.js";
import { BOX, item, longest, property, titled } from "./schema.js";

const LONG = 26; // characters that need more than a small card
const SENTENCE = 100; // the least that sentences may have
const NOTHING_KNOWN = { confidence: null, boxes: [], verified: null, problems: [] };

/** Args: `schema` of the record, or null for prose; `findings` by path; `colorOf` a path is a class of the boxes' colours. */
export class Record {
  constructor(record, schema, findings, words, colorOf) {
    this.schema = schema ?? {};
    this.findings = findings;
    this.words = words;
    this.colorOf = colorOf;
    this.element = el("div", { className: "record", role: "list", lang: "zh-CN" }, ...this.#cards(record));
    this.#follow(this.element, "");
  }

  #cards(record) {
    const { schema, words } = this;
    if (Array.isArray(record)) {
      if (!record.length) return [el("p", { className: "absent", role: "listitem", textContent: words.nothing_found })];
      return record.map((value, index) => this.#card(String(index + 1), value, item(schema, schema, index), `[${index}]`));
    }
    if (record === null || typeof record !== "object") return [this.#card(words.task_answer, record, schema, "")];
    const header = Array.isArray(record.header) ? record.header : null; // of the rows beside it
    const inTable = header && isTable(record.rows) ? ["header"] : [];
    const shown = Object.entries(record).filter(([name]) => name !== BOX && !inTable.includes(name));
    return shown.map(([name, value]) => {
      const described = property(schema, schema, name);
      return this.#card(titled(described, name), value, described, name, name === "rows" ? header : null);
    });
  }

  #card(title, value, described, path, header = null) {
    const single = singleOf(value); // a thing that has only its name
    const at = single === null ? path : `${path}.${single}`;
    const body = single === null ? this.#value(value, described, path, header) : this.#value(value[single], {}, at);
    const known = single === null ? this.#finding(path) : merged(this.#finding(path), this.#finding(at));
    const isWide = needsWidth(value) || longest(this.schema, described) >= SENTENCE;
    const shape = single !== null ? "line" : isWide ? "wide" : "";
    const heading = el("h3", { className: "card-title", textContent: title });
    const card = el(
      "article",
      { className: `card ${this.colorOf(path)} ${shape} ${isDoubtful(known) ? "doubtful" : ""}`, role: "listitem" },
      el("div", { className: "card-top" }, heading, ...(shape === "line" ? [body] : []), ...this.#known(known)),
      ...(shape === "line" ? [] : [body]),
      ...this.#problems(known),
    );
    return this.#follow(card, path);
  }

  #value(value, described, path, header = null) {
    const { words } = this;
    if (value === null) return el("div", { className: "value absent", textContent: words.absent });
    if (typeof value === "boolean") return el("div", { className: "value", textContent: value ? words.yes : words.no });
    if (isTable(value)) return this.#table(value, path, header);
    if (Array.isArray(value)) return this.#list(value, described, path);
    if (typeof value === "object") return this.#object(value, described, path);
    if (value === "") return el("div", { className: "value absent", textContent: words.empty_list });
    return el("div", { className: "value", textContent: String(value) });
  }

  #list(values, described, path) {
    if (!values.length) return el("div", { className: "value absent", textContent: this.words.empty_list });
    const items = values.map((value, index) => {
      const at = `${path}[${index}]`;
      return this.#follow(el("li", {}, ...this.#part(value, item(this.schema, described, index), at)), at);
    });
    return el("ol", { className: "values" }, ...items);
  }

  #object(value, described, path) {
    const rows = Object.entries(value)
      .filter(([name]) => name !== BOX)
      .map(([name, inner]) => {
        const at = `${path}.${name}`;
        const of = property(this.schema, described, name);
        const term = el("dt", { textContent: titled(of, name) });
        return this.#follow(el("div", { className: "pair" }, term, el("dd", {}, ...this.#part(inner, of, at))), at);
      });
    return el("dl", { className: "pairs" }, ...rows);
  }

  #table(rows, path, header) {
    const cell = (tag, value, at) => {
      const said = value === null ? this.words.absent : String(value);
      return this.#follow(el(tag, {}, said, ...this.#problems(this.#finding(at))), at);
    };
    const line = (tag, values, at) => el("tr", {}, ...values.map((value, x) => cell(tag, value, `${at}[${x}]`)));
    const head = header ? [el("thead", {}, line("th", header, "header"))] : [];
    const body = el("tbody", {}, ...rows.map((row, y) => line("td", row, `${path}[${y}]`)));
    const table = el("table", {}, ...head, body);
    return el("div", { className: "table", tabIndex: 0 }, table);
  }

  /** A value inside of a card, with what is known of it. */
  #part(value, described, path) {
    const known = this.#finding(path);
    const line = el("div", { className: "part" }, this.#value(value, described, path), ...this.#known(known));
    return [line, ...this.#problems(known)];
  }

  /** How sure it is, and whether somebody has found it in the picture. */
  #known({ confidence, verified }) {
    const { words } = this;
    const badges = { true: words.verified, false: words.unverified };
    const look = verified ? "good" : "warn";
    const badge = verified === null ? [] : [el("span", { className: `badge ${look}`, textContent: badges[verified] })];
    return [...badge, ...(confidence === null ? [] : [sureness(confidence, words)])];
  }

  #problems({ problems }) {
    if (!problems.length) return [];
    const lines = problems.map(({ code, message }) => {
      const line = el("li", { textContent: message });
      line.dataset.code = code;
      return line;
    });
    return [el("ul", { className: "problems" }, ...lines)];
  }

  #finding(path) {
    return this.findings[path] ?? NOTHING_KNOWN;
  }

  /** Lets an element light up with its boxes; who comes by keyboard can stop at it. */
  #follow(element, path) {
    const hasBox = this.#finding(path).boxes.length > 0;
    if (path === "" && !hasBox) return element;
    element.dataset.path = path;
    if (hasBox) element.tabIndex = 0;
    return element;
  }
}

/** A probability as a bar and in percent, and what it is to be called, if nothing beside it says that. */
export function sureness(confidence, words, called = words.confidence) {
  const level = confidence >= 0.9 ? "high" : confidence >= 0.6 ? "middle" : "low";
  const fill = el("span", { className: "fill" });
  fill.style.width = `${confidence * 100}%`;
  const bar = el("span", { className: "bar" }, fill);
  bar.setAttribute("aria-hidden", "true");
  const label = el("span", { className: "unseen", textContent: called });
  const number = el("b", { textContent: percent(confidence) });
  const element = el("span", { className: "sure", title: words.confidence_hint }, label, bar, number);
  element.dataset.level = level;
  return element;
}

/** Nothing but a certainty is 100 %. */
function percent(confidence) {
  if (confidence < 1 && confidence >= 0.995) return ">99%";
  if (confidence > 0 && confidence < 0.005) return "<1%";
  return `${Math.round(confidence * 100)}%`;
}

/** The name of the only field of an object beside its box; null for everything else. */
function singleOf(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  const names = Object.keys(value).filter((name) => name !== BOX);
  return names.length === 1 && (value[names[0]] === null || typeof value[names[0]] !== "object") ? names[0] : null;
}

function merged(outer, inner) {
  return {
    confidence: inner.confidence ?? outer.confidence,
    verified: inner.verified ?? outer.verified,
    problems: [...outer.problems, ...inner.problems],
  };
}

function isTable(value) {
  return Array.isArray(value) && value.length > 0 && value.every(Array.isArray);
}

function needsWidth(value) {
  if (typeof value === "string") return [...value].length > LONG;
  return Array.isArray(value) && value.length > 0;
}

/** What people call the field at a path. */
export function labelOf(schema, path, words) {
  const labels = [];
  let described = schema ?? {};
  for (const [, index, name] of path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)) {
    if (index !== undefined) {
      labels.push(String(Number(index) + 1));
      described = item(schema, described, Number(index));
    } else {
      described = property(schema, described, name);
      labels.push(titled(described, name));
    }
  }
  return labels.join(" ") || words.task_answer;
}
