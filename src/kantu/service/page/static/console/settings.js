// 设置: what is set and where it comes from. It is changed in files and variables, not here.

import { el } from "../dom.js";
import { badge, code, field, fill, intro, nothing, section, textInput } from "./parts.js";

export function settingsPage(context, signal) {
  const { words, api } = context;
  const place = el("div", {});
  const find = textInput("find", { type: "search", placeholder: words.settings_find });
  const changed = el("input", { type: "checkbox", name: "changed" });
  const show = () =>
    fill(
      place,
      words,
      () => api.get("v1/settings", {}, signal),
      (found) => {
        const shown = () => place.replaceChildren(...listed(context, found, find.value.trim().toLowerCase(), changed.checked));
        find.oninput = changed.onchange = shown;
        return listed(context, found, find.value.trim().toLowerCase(), changed.checked);
      },
    );
  show();
  const tools = el("div", { className: "filters one-line" }, field(words.settings_find, find), el("label", { className: "tick" }, changed, el("span", { textContent: words.settings_changed })));
  return el("div", { className: "page" }, intro(words.settings_text), tools, place);
}

function listed(context, { sections, data }, text, onlyChanged) {
  const { words } = context;
  const wanted = data.filter((one) => {
    const said = `${one.section}.${one.name} ${one.variable} ${one.description}`.toLowerCase();
    return said.includes(text) && !(onlyChanged && one.source === "default");
  });
  if (!wanted.length) return [nothing(words.settings_none, words.settings_none_text)];
  return sections
    .map(({ name, title }) => [title.replace(/。$/, ""), wanted.filter((one) => one.section === name)])
    .filter(([, inside]) => inside.length)
    .map(([title, inside]) => section(title, el("dl", { className: "settings", lang: "zh-CN" }, ...inside.flatMap((one) => setting(one, words)))));
}

function setting(one, words) {
  const sources = {
    default: [words.source_default, ""],
    file: [words.source_file, "accent"],
    environment: [words.source_environment, "accent"],
    flag: [words.source_flag, "accent"],
  };
  const name = el("dt", {}, code(`${one.section}.${one.name}`), " ", badge(...sources[one.source]));
  const value = el("dd", {}, el("div", { className: "setting-value" }, valueOf(one.value, words)), el("small", { textContent: one.description }), el("small", { className: "variable", textContent: one.variable }));
  return [name, value];
}

function valueOf(value, words) {
  if (value === null || (Array.isArray(value) && !value.length)) return el("span", { className: "faint", textContent: words.not_set });
  if (typeof value === "boolean") return value ? words.yes : words.no;
  return code(Array.isArray(value) ? value.join("、") : String(value));
}
