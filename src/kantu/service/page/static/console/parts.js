// What the console's pages are made of: buttons, fields, tables, badges, and what stands there while there is nothing.

import { el, svg } from "../dom.js";
import { copyButton, failure } from "../lines.js";

const PAGE = 50; // records of a list at once
let numbers = 0;

/** An id that no other element has. */
export function newId() {
  return `part-${(numbers += 1)}`;
}

/** `kind`: "primary", "quiet", "danger" or "link". */
export function button(text, onClick, kind = "quiet", properties = {}) {
  const made = el("button", { type: "button", className: kind === "link" ? "link" : `button ${kind}`, textContent: text, ...properties });
  if (onClick) made.addEventListener("click", onClick);
  return made;
}

/** A labelled field; `input` is any form control. */
export function field(label, input, hint = "") {
  input.id ||= newId();
  const children = [el("label", { htmlFor: input.id, textContent: label }), input];
  if (hint) {
    const told = el("small", { id: newId(), textContent: hint });
    input.setAttribute("aria-describedby", told.id);
    children.push(told);
  }
  return el("div", { className: "field" }, ...children);
}

export function textInput(name, properties = {}) {
  return el("input", { type: "text", name, autocomplete: "off", spellcheck: false, autocapitalize: "off", ...properties });
}

/** `options`: [[value, text]]. */
export function select(name, options, chosen = "") {
  const items = options.map(([value, text]) => el("option", { value, textContent: text, selected: value === chosen }));
  return el("select", { name }, ...items);
}

/** Check boxes that are read together: `read()` gives the values that are ticked. */
export function checks(legend, options, ticked = []) {
  const boxes = options.map(([value]) => el("input", { type: "checkbox", value, checked: ticked.includes(value) }));
  const labels = options.map(([, text], index) => el("label", { className: "tick" }, boxes[index], el("span", { textContent: text })));
  const element = el("fieldset", { className: "ticks" }, el("legend", { textContent: legend }), ...labels);
  return { element, read: () => boxes.filter(({ checked }) => checked).map(({ value }) => value) };
}

/** `kind`: "good", "bad", "warn", "accent" or nothing. */
export function badge(text, kind = "") {
  return el("span", { className: `tag ${kind}`, textContent: text });
}

export function section(title, ...children) {
  const heading = el("h2", { id: newId(), textContent: title });
  const made = el("section", { className: "block" }, heading, ...children);
  made.setAttribute("aria-labelledby", heading.id);
  return made;
}

/** What a page is for, and what can be done on it. */
export function intro(text, ...actions) {
  return el("div", { className: "intro" }, el("p", { textContent: text }), el("div", { className: "actions" }, ...actions));
}

/**
 * A table that a phone shows as cards. `columns`: [[title, cell of a row]]; a cell is text or an element.
 */
export function table(caption, columns, rows) {
  if (!rows.length) return el("p", { className: "faint", textContent: "—" });
  const head = columns.map(([title, , className = ""]) => el("th", { scope: "col", role: "columnheader", className, textContent: title }));
  const made = el(
    "table",
    { className: "rows", role: "table" },
    el("caption", { className: "unseen", textContent: caption }),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...head)),
    el("tbody", { role: "rowgroup" }, ...rows.map((row) => tableRow(columns, row))),
  );
  return el("div", { className: "table-frame" }, made);
}

/** One row of such a table, to be put behind the others. */
export function tableRow(columns, row) {
  const cells = columns.map(([title, cell, className = ""]) => {
    const made = el("td", { role: "cell", className }, el("div", {}, ...[cell(row)].flat()));
    made.dataset.label = title;
    return made;
  });
  return el("tr", { role: "row" }, ...cells);
}

/** A name with something smaller below it. */
export function twoLines(first, second) {
  return el("div", { className: "two-lines" }, el("strong", { textContent: first }), el("small", { textContent: second }));
}

export function code(text) {
  return el("code", { className: "id", textContent: text });
}

/** There is nothing: why, and what to do about it. */
export function nothing(title, text, ...actions) {
  const ring = svg("svg", { viewBox: "0 0 64 64", class: "nothing-mark", "aria-hidden": "true" });
  ring.append(
    svg("rect", { x: 10, y: 14, width: 44, height: 36, rx: 8 }),
    svg("circle", { cx: 24, cy: 27, r: 4 }),
    svg("path", { d: "M12 44l13-11 9 7 9-9 9 8" }),
  );
  return el("div", { className: "nothing" }, ring, el("h2", { textContent: title }), el("p", { textContent: text }), ...actions);
}

/** Grey lines in place of what is on its way. */
export function waiting(words, lines = 4) {
  const bars = Array.from({ length: lines }, () => el("div", { className: "bar" }));
  const made = el("div", { className: "skeleton", role: "status" }, el("span", { className: "unseen", textContent: words.loading }), ...bars);
  made.setAttribute("aria-busy", "true");
  return made;
}

/** Fills `place` with what `work` brings: waiting first, then `render(found)`, or what went wrong with a button to retry. */
export async function fill(place, words, work, render) {
  place.replaceChildren(waiting(words));
  try {
    place.replaceChildren(...[render(await work())].flat());
  } catch (error) {
    if (error.name === "AbortError") return;
    place.replaceChildren(...failure(error, words, () => fill(place, words, work, render)));
  }
}

/**
 * A list that is loaded by `work` and shown by `render(found, again)`; `none` are the words for an empty one. Gives its
 * place on the page, and `show` to load it again.
 */
export function listing(words, work, render, none) {
  const place = el("div", {});
  const show = () => fill(place, words, work, (found) => (found.length ? render(found, show) : nothing(...none)));
  show();
  return { place, show };
}

/** Every record of a list that comes in pages. */
export async function everything(api, path, signal) {
  const found = [];
  for (let after = ""; ; ) {
    const page = await api.get(path, { limit: PAGE, after }, signal);
    found.push(...page.data);
    if (!page.has_more) return found;
    after = page.last_id;
  }
}

/** Something that is shown once, with a button to copy it. */
export function onceBox(label, text, words) {
  const shown = el("output", { className: "once-text", textContent: text, tabIndex: 0 });
  shown.setAttribute("aria-label", label);
  return el("div", { className: "once" }, shown, copyButton(text, words));
}

/** A figure in large, with what it is. */
export function tile(label, value, note = "") {
  const told = note ? [el("small", { textContent: note })] : [];
  return el("div", { className: "tile" }, el("span", { textContent: label }), el("b", { textContent: value }), ...told);
}

/** How much of something is used, as a line. */
export function meter(label, used, most, said) {
  const share = most > 0 ? Math.min(1, used / most) : 0;
  const inner = el("i", {});
  inner.style.width = `${(share * 100).toFixed(1)}%`;
  const line = el("div", { className: `meter ${share > 0.9 ? "full" : ""}`, role: "img" }, inner);
  line.setAttribute("aria-label", `${label} ${said}`);
  return el("div", { className: "metered" }, el("div", { className: "meter-top" }, el("span", { textContent: label }), el("span", { textContent: said })), line);
}

/** A time in seconds since 1970, as it is on this machine's clock. */
export function time(seconds, words, language) {
  if (seconds === null || seconds === undefined) return el("span", { className: "faint", textContent: words.never });
  const date = new Date(seconds * 1000);
  const shown = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(date);
  return el("time", { dateTime: date.toISOString(), title: date.toISOString(), textContent: shown });
}

export function number(value, language) {
  return new Intl.NumberFormat(language).format(value);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(value) {
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit += 1) value /= 1024;
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
