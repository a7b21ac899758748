// The form of a task, made from what GET /v1/tasks says of it.

import { el } from "../dom.js";
import { PointPicker } from "./point.js";
import { titlesOf } from "./schema.js";

const LINES = ["question", "target", "keys"]; // short enough for one line; Enter runs the task
const POINT = ["x", "y"];

export class TaskForm {
  /** Calls `onSubmit` when the task is to be run, and `onChoose` with the task when another is chosen. */
  constructor(part, words, tray, { onSubmit, onChoose }) {
    this.part = part;
    this.words = words;
    this.tray = tray;
    this.onChoose = onChoose;
    this.kept = new Map(); // what was typed, by the input's name: another task may ask for the same
    part("task-form").addEventListener("submit", (event) => {
      event.preventDefault();
      onSubmit();
    });
    part("task-form").addEventListener("input", () => this.say(""));
    part("task-inputs").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onSubmit();
    });
  }

  /** Offers `tasks` and chooses the one named, or the first. */
  fill(tasks, chosen) {
    const first = tasks.find(({ id }) => id === chosen) ?? tasks[0];
    const choices = tasks.map((task) => {
      const radio = el("input", { type: "radio", name: "task", value: task.id, checked: task === first });
      radio.addEventListener("change", () => this.choose(task));
      return el("label", { className: "task-name", lang: "zh-CN" }, radio, el("span", { textContent: task.title }));
    });
    this.part("task-names").replaceChildren(...choices);
    this.part("task-rest").hidden = false;
    this.choose(first);
  }

  choose(task) {
    this.task = task;
    const told = task.instruction ? [el("p", { lang: "zh-CN" }, ...instructionOf(task.instruction))] : [];
    const titles = titlesOf(task.result_schema ?? {});
    const gives = titles.length ? [el("p", {}, this.words.task_gives, el("span", { lang: "zh-CN" }, titles.join("、")))] : [];
    this.part("task-about").replaceChildren(...told, ...gives);
    this.fields = new Map(task.input.map((described) => [described.name, this.#field(described)]));
    const point = POINT.map((name) => this.fields.get(name));
    this.picker = point.every(Boolean) ? new PointPicker(...point, this.words) : null;
    const labelled = [...this.fields].map(([name, field]) => this.#labelled(name, field));
    this.part("task-inputs").replaceChildren(...(this.picker ? [this.picker.element] : []), ...labelled);
    this.say("");
    this.picturesChanged();
    this.onChoose(task);
  }

  picturesChanged() {
    this.say("");
    this.picker?.show(this.tray.pictures[0] ?? null);
  }

  say(text) {
    this.part("task-notice").textContent = text;
  }

  /** Writes a value into an input, as if typed. */
  set(name, value) {
    const field = this.fields.get(name);
    field.value = value;
    this.kept.set(name, value);
  }

  /** What the API is to be given, without the pictures; null where something is missing, which is then said. */
  read() {
    const { words } = this;
    if (!this.tray.pictures.length) return this.#missing(words.task_no_picture, this.part("choose-task"));
    const input = {};
    for (const { name, default: preset } of this.task.input) {
      const field = this.fields.get(name);
      const value = name === "keys" ? keysOf(field.value) : field.value.trim();
      if (value) input[name] = value;
      else if (preset === null) return this.#missing(words.task_missing + this.#labelOf(name), field);
      if (field.type === "number" && !field.checkValidity()) return this.#missing(words.point_range, field);
    }
    const body = { input };
    if (!this.part("task-evidence").checked) body.evidence = false;
    const most = Number.parseInt(this.part("task-pixels").value, 10);
    if (most > 0) body.max_pixels = most;
    return body;
  }

  #missing(message, field) {
    this.say(message);
    field.focus();
    return null;
  }

  #labelOf(name) {
    const { words } = this;
    const known = {
      question: words.input_question,
      text: words.input_text,
      target: words.input_target,
      keys: words.input_keys,
      x: words.input_x,
      y: words.input_y,
    };
    return known[name] ?? name;
  }

  #field({ name, default: preset }) {
    const { words } = this;
    const shape = POINT.includes(name)
      ? { type: "number", min: "0", max: "1000", step: "1", inputMode: "numeric" }
      : { type: "text", autocomplete: "off" };
    const field = LINES.includes(name) || POINT.includes(name) ? el("input", shape) : el("textarea", { rows: 3 });
    field.name = name;
    field.placeholder = preset ?? { keys: words.input_keys_sample, target: words.input_target_sample }[name] ?? "";
    field.required = preset === null;
    field.value = this.kept.get(name) ?? "";
    field.addEventListener("input", () => this.kept.set(name, field.value));
    return field;
  }

  #labelled(name, field) {
    const { words } = this;
    const hint = field.required ? (name === "keys" ? words.input_keys_hint : null) : words.input_optional;
    const label = el("span", {}, this.#labelOf(name), ...(hint ? [el("small", { textContent: hint })] : []));
    return el("label", { className: `field ${POINT.includes(name) ? "half" : "full"}` }, label, field);
  }
}

/** What stands between commas, line breaks and the like, as the API takes it. */
function keysOf(text) {
  return [...new Set(text.split(/[、,，;；\n]/).map((key) => key.trim()).filter(Boolean))].join("、");
}

/** An instruction with its places for the input set apart. */
function instructionOf(text) {
  return text.split(/(\{\w+\})/).map((piece, index) => (index % 2 ? el("code", { textContent: piece }) : piece));
}
