// How much a key, or a group of people, may use in a minute and in a day.

import { el } from "../dom.js";
import { field, number } from "./parts.js";

function names(words) {
  return [
    ["requests_per_minute", words.limit_requests_minute],
    ["requests_per_day", words.limit_requests_day],
    ["visual_tokens_per_minute", words.limit_visual_minute],
    ["visual_tokens_per_day", words.limit_visual_day],
    ["output_tokens_per_minute", words.limit_output_minute],
    ["output_tokens_per_day", words.limit_output_day],
  ];
}

/** Those that are set, as text. */
export function limitTexts(limits, words, language) {
  const known = names(words).filter(([name]) => limits[name] !== null);
  return known.map(([name, text]) => `${text} ${number(limits[name], language)}`);
}

/** Fields for all of them, which hold what `limits` has; `read()` gives those that are filled in. */
export function limitFields(words, limits = {}) {
  const inputs = names(words).map(([name, text]) => [
    text,
    el("input", { type: "number", name, min: "1", step: "1", inputMode: "numeric", placeholder: words.unlimited, value: limits[name] ?? "" }),
  ]);
  const read = () => Object.fromEntries(inputs.filter(([, { value }]) => value).map(([, { name, value }]) => [name, Number(value)]));
  return { element: el("div", { className: "two" }, ...inputs.map(([text, input]) => field(text, input))), read };
}
