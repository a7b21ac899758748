// One turn on the page: the question with its pictures, and the answer as it grows, its boxes and its cost.

import { boxesIn, drawn } from "./boxes.js";
import { el } from "./dom.js";
import { readableJson } from "./json_text.js";
import { copyButton, failure } from "./lines.js";

const NOTES = ["length", "repetition", "content_filter"];

export class TurnView {
  /** `onRetry` asks the turn again; `onEnlarge` gets an element to show large. */
  constructor(turn, words, { onRetry, onEnlarge }) {
    this.turn = turn;
    this.words = words;
    this.onRetry = onRetry;
    this.onEnlarge = onEnlarge;
    this.text = el("div", { className: "text" });
    this.mark = el("div", { className: "mark", lang: "zh-CN" });
    this.figures = el("div", { className: "figures" });
    this.below = el("div", { className: "below" });
    this.answer = el("div", { className: "answer" }, this.text, this.mark, this.figures, this.below);
    this.element = el("article", { className: "turn" }, this.#question(), this.answer);
  }

  start() {
    this.text.replaceChildren();
    this.mark.replaceChildren();
    this.figures.replaceChildren();
    this.below.replaceChildren(el("span", { className: "waiting", textContent: this.words.answering }));
    this.answer.className = "answer running";
    this.answer.setAttribute("aria-busy", "true"); // it is read out when it is whole
  }

  append(piece) {
    this.below.replaceChildren();
    this.text.append(piece);
  }

  /** The sentence that generated content is shown with. */
  label(sentence) {
    this.mark.replaceChildren(el("span", { className: "badge aigc", textContent: sentence }));
  }

  /** The answer is complete, or was stopped. `result` as from `Api.chat`; null where it was stopped. */
  finish(result, pictures) {
    this.answer.className = "answer";
    this.answer.setAttribute("aria-busy", "false");
    this.text.replaceChildren(...blocksOf(this.turn.answer));
    this.#showBoxes(pictures);
    const note = result ? NOTES.includes(result.finishReason) && this.words[`finish_${result.finishReason}`] : this.words.stopped;
    const chips = note ? [el("span", { className: "chip warn", textContent: note })] : [];
    const copy = this.turn.answer ? [copyButton(this.#copied(), this.words)] : [];
    this.below.replaceChildren(...chips, ...this.#cost(result), ...copy);
  }

  fail(error) {
    this.answer.className = "answer failed";
    this.answer.setAttribute("aria-busy", "false");
    this.below.replaceChildren(...failure(error, this.words, this.onRetry));
  }

  /** The answer with its label; JSON stays JSON. */
  #copied() {
    const { answer } = this.turn;
    const sentence = this.mark.textContent;
    return sentence && readableJson(answer) === null ? `${answer}\n\n${sentence}` : answer;
  }

  #question() {
    const pictures = this.turn.pictures.map((picture) => this.#clickable(el("img", { src: picture.url, alt: picture.name })));
    const bubble = el("div", { className: "bubble", textContent: this.turn.question });
    return el("div", { className: "question" }, ...(pictures.length ? [el("div", { className: "pictures" }, ...pictures)] : []), bubble);
  }

  #showBoxes(pictures) {
    const boxes = pictures.length ? boxesIn(this.turn.answer) : [];
    if (!boxes.length) return;
    const show = (index) => this.figures.querySelector(".boxed").replaceWith(this.#clickable(drawn(pictures[index], boxes)));
    this.figures.replaceChildren(this.#clickable(drawn(pictures[0], boxes)));
    if (pictures.length < 2) return;
    // which of several pictures is meant, the answer does not say: the visitor chooses
    const tabs = pictures.map((_, index) => {
      const tab = el("button", { type: "button", className: "chip", textContent: `${this.words.picture} ${index + 1}` });
      tab.addEventListener("click", () => {
        tabs.forEach((other) => other.setAttribute("aria-pressed", String(other === tab)));
        show(index);
      });
      tab.setAttribute("aria-pressed", String(index === 0));
      return tab;
    });
    this.figures.prepend(el("div", { className: "tabs" }, ...tabs));
  }

  #clickable(element) {
    const enlarge = () => {
      const copy = element.cloneNode(true);
      copy.removeAttribute("tabindex");
      copy.removeAttribute("role");
      this.onEnlarge(copy);
    };
    element.tabIndex = 0;
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", `${this.words.enlarge} ${element.alt ?? element.querySelector("img").alt}`);
    element.addEventListener("click", enlarge);
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      enlarge();
    });
    return element;
  }

  #cost(result) {
    if (!result) return [];
    const { words } = this;
    const usage = result.usage ?? {};
    const cached = usage.prompt_tokens_details?.cached_tokens;
    const prompt = `${usage.prompt_tokens}${cached ? ` (${words.cost_cached} ${cached})` : ""}`;
    const seconds = (value) => `${value.toFixed(2)} ${words.seconds}`;
    const figures = [
      ["visual", words.cost_visual, usage.visual_tokens],
      ["prompt", words.cost_prompt, usage.prompt_tokens === undefined ? undefined : prompt],
      ["output", words.cost_output, usage.completion_tokens],
      ["ttft", words.cost_ttft, result.ttftSeconds === null ? undefined : seconds(result.ttftSeconds)],
      ["total", words.cost_total, seconds(result.totalSeconds)],
    ].filter(([, , value]) => value !== undefined);
    const cells = figures.map(([name, label, value]) =>
      el("span", { className: "figure", "data-cost": name }, `${label} `, el("b", { textContent: value })),
    );
    return [el("div", { className: "cost" }, ...cells)];
  }
}

/** The answer as text, with fenced blocks set apart, and JSON in lines that are easier to read. */
function blocksOf(answer) {
  const whole = readableJson(answer);
  if (whole !== null) return [el("pre", { textContent: whole })];
  return answer.split(/^```[^\n]*\n([\s\S]*?)^```[ \t]*\n?/m).map((block, index) =>
    index % 2 ? el("pre", { textContent: readableJson(block) ?? block.trimEnd() }) : block,
  );
}
