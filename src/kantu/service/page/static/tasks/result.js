// The result of a task: what a person should look at, the record beside the pictures, and the request as a program.

import { el } from "../dom.js";
import { brokenLines } from "../json_text.js";
import { copyButton } from "../lines.js";
import { curl, python } from "./code.js";
import { Evidence } from "./evidence.js";
import { labelOf, Record, sureness } from "./record.js";

/**
 * Args: `run` is {task, pictures, request, answer}, `request` as `code.js` takes it, `answer` from the API; `onAsk` gets a
 * question to ask instead, `onForce` asks the same question all the same, `onEnlarge` gets an element to show large.
 */
export function resultOf(run, words, { onAsk, onForce, onEnlarge }) {
  const { answer } = run;
  const cards = answer.suggestion ? suggested(answer.suggestion, words, { onAsk, onForce }) : record(run, words, onEnlarge);
  const views = [
    ["cards", words.view_cards, () => cards],
    ["json", words.view_json, () => code(brokenLines(answer), words)],
    ["curl", words.view_curl, () => code(curl(run.request, words), words)],
    ["python", words.view_python, () => code(python(run.request, words), words)],
  ];
  return [head(answer, words), ...notices(answer, words), ...tabbed(views, words), cost(answer, words)];
}

/** The end of a task in a sentence, for who does not see it. */
export function spoken({ suggestion, review }, words) {
  if (suggestion) return suggestion.message;
  return review.needed ? `${words.task_done} ${words.review}` : words.task_done;
}

function head({ task, confidence, calibrated, label }, words) {
  const title = el("h2", { className: "result-title", lang: "zh-CN", textContent: task.title });
  const labels = label?.sentence ? [el("span", { className: "badge aigc", lang: "zh-CN", textContent: label.sentence })] : [];
  if (confidence === null) return el("header", { className: "result-head" }, title, ...labels);
  const raw = el("span", { className: "badge", textContent: words.uncalibrated, title: words.uncalibrated_hint });
  const whole = el("span", { className: "whole" }, words.confidence_whole, sureness(confidence, words, ""));
  return el("header", { className: "result-head" }, title, ...labels, ...(calibrated ? [] : [raw]), whole);
}

function notices({ review, warnings }, words) {
  const found = [];
  if (review.needed) found.push(callout("review", words.review, review.reasons));
  if (warnings.length) found.push(callout("warnings", words.warnings, warnings.map(({ message }) => message)));
  return found;
}

function callout(kind, title, lines) {
  const items = lines.map((line) => el("li", { lang: "zh-CN", textContent: line }));
  return el("div", { className: `callout ${kind}` }, el("strong", { textContent: title }), el("ul", {}, ...items));
}

function record({ task, pictures, answer }, words, onEnlarge) {
  const label = (path) => labelOf(task.result_schema, path, words);
  const evidence = new Evidence(pictures, answer.fields, label, words, { onEnlarge });
  const { element } = new Record(answer.result, task.result_schema, answer.fields, words, (path) => evidence.colorOf(path));
  const both = el("div", { className: "result-body" }, evidence.element, element);
  evidence.connect(both);
  return both;
}

function suggested({ message, questions }, words, { onAsk, onForce }) {
  const buttons = questions.map((question) => {
    const button = el("button", { type: "button", className: "idea", lang: "zh-CN", textContent: question });
    button.addEventListener("click", () => onAsk(question));
    return button;
  });
  const force = el("button", { type: "button", className: "link", textContent: words.ask_anyway });
  force.addEventListener("click", onForce);
  const told = el("p", { lang: "zh-CN", textContent: message });
  return el("div", { className: "suggestion" }, told, el("div", { className: "ideas" }, ...buttons), force);
}

function code(text, words) {
  const copy = copyButton(text, words);
  return el("div", { className: "code-view" }, el("pre", { tabIndex: 0, textContent: text }), copy);
}

/** Buttons that choose one of several views, the first at the beginning. */
function tabbed(views, words) {
  const panel = el("div", { className: "result-view" });
  const tabs = views.map(([name, label, view]) => {
    const tab = el("button", { type: "button", className: "chip", textContent: label });
    tab.dataset.view = name;
    tab.addEventListener("click", () => show(tab, view));
    return tab;
  });
  const show = (tab, view) => {
    tabs.forEach((other) => other.setAttribute("aria-pressed", String(other === tab)));
    panel.replaceChildren(view());
  };
  show(tabs[0], views[0][2]);
  const group = el("div", { className: "tabs", role: "group" }, ...tabs);
  group.setAttribute("aria-label", words.views);
  return [group, panel];
}

function cost({ model, task, usage, timings }, words) {
  const seconds = (value) => `${value.toFixed(2)} ${words.seconds}`;
  const cached = usage.cached_tokens ? ` (${words.cost_cached} ${usage.cached_tokens})` : "";
  const figures = [
    ["model", words.model, model],
    ["version", words.version, task.version],
    ["requests", words.cost_requests, usage.requests],
    ["visual", words.cost_visual, usage.visual_tokens],
    ["prompt", words.cost_prompt, `${usage.prompt_tokens}${cached}`],
    ["output", words.cost_output, usage.completion_tokens],
    ["answer", words.cost_answer, seconds(timings.answer_seconds)],
    ["evidence", words.cost_evidence, seconds(timings.evidence_seconds)],
    ["total", words.cost_total, seconds(timings.total_seconds)],
  ];
  const cells = figures.map(([name, label, value]) =>
    el("span", { className: "figure", "data-cost": name }, `${label} `, el("b", { textContent: value })),
  );
  return el("div", { className: "below" }, el("div", { className: "cost" }, ...cells));
}
