// 任务: choose a task, give it pictures and what else it needs, and see its result.

import { el } from "../dom.js";
import { failure } from "../lines.js";
import { TaskForm } from "./form.js";
import { resultOf, spoken } from "./result.js";
import { titlesOf } from "./schema.js";

const MOST_WAITING = 8; // cards that stand in for a result under way

export class TaskPage {
  /**
   * Args: `model` tells the model that is chosen; `onChoose` gets the task that is chosen; `onEnlarge` an element to show
   * large.
   */
  constructor(part, words, api, tray, { model, onChoose, onEnlarge }) {
    Object.assign(this, { part, words, api, tray, model, onEnlarge });
    this.running = null; // AbortController of the task under way
    this.form = new TaskForm(part, words, tray, { onSubmit: () => this.#submit(), onChoose });
    part("task-stop").addEventListener("click", () => this.running?.abort());
  }

  get task() {
    return this.form.task ?? null;
  }

  /** Asks which tasks there are, and offers them: `chosen` is one by name. */
  async load(chosen) {
    if (this.loaded || !this.api.known) return;
    this.loaded = true;
    const names = this.part("task-names");
    names.replaceChildren(el("span", { className: "waiting", textContent: this.words.tasks_loading }));
    try {
      this.form.fill(await this.api.tasks(), chosen);
    } catch (error) {
      this.loaded = false;
      names.replaceChildren(...failure(error, this.words, () => this.load(chosen)));
    }
  }

  /** Another key may be allowed other tasks. */
  forget() {
    this.loaded = false;
  }

  picturesChanged() {
    if (this.task) this.form.picturesChanged();
  }

  say(text) {
    this.form.say(text);
  }

  #submit() {
    if (this.running) return;
    const body = this.form.read();
    if (body) this.#run(this.task, this.tray.lend(), { model: this.model(), ...body });
  }

  async #run(task, pictures, body) {
    const controller = (this.running = new AbortController());
    this.#busy(true);
    this.#show(...waiting(task, this.words));
    try {
      const images = await Promise.all(pictures.map(({ data }) => data));
      const answer = await this.api.runTask(task.id, { ...body, images }, controller.signal);
      const address = new URL(`v1/tasks/${encodeURIComponent(task.id)}`, document.baseURI).href;
      const files = pictures.map(({ name, type }) => ({ name, type }));
      const run = { task, pictures, answer, request: { address, body, files } };
      const again = (changed) => this.#run(task, pictures, { ...body, ...changed });
      const onAsk = (question) => {
        this.form.set("question", question);
        again({ input: { ...body.input, question } });
      };
      const onForce = () => again({ force: true });
      this.#show(...resultOf(run, this.words, { onAsk, onForce, onEnlarge: this.onEnlarge }));
      this.part("task-status").textContent = spoken(answer, this.words);
    } catch (error) {
      const stopped = error.name === "AbortError";
      const chip = el("span", { className: "chip warn", textContent: this.words.stopped });
      const said = stopped ? [chip] : failure(error, this.words, () => this.#run(task, pictures, body));
      this.#show(el("div", { className: "below" }, ...said));
      this.part("task-status").textContent = stopped ? this.words.stopped : ""; // a failure is an alert already
    } finally {
      this.running = null;
      this.#busy(false);
    }
  }

  #show(...elements) {
    const result = this.part("task-result");
    result.replaceChildren(...elements);
    result.scrollIntoView({ block: "nearest" });
  }

  #busy(busy) {
    this.part("task-run").hidden = busy;
    this.part("task-stop").hidden = !busy;
    this.part("task-result").setAttribute("aria-busy", String(busy));
    if (busy) this.part("task-status").textContent = this.words.answering;
  }
}

/** Empty cards with the titles that the record will have. */
function waiting(task, words) {
  const titles = titlesOf(task.result_schema ?? {});
  const cards = (titles.length ? titles : [words.task_answer]).slice(0, MOST_WAITING).map((title) => {
    const heading = el("span", { className: "card-title", textContent: title });
    return el("div", { className: "card blank" }, el("div", { className: "card-top" }, heading), el("div", { className: "value" }));
  });
  const record = el("div", { className: "record" }, ...cards);
  record.setAttribute("aria-hidden", "true");
  return [el("span", { className: "waiting", textContent: words.answering }), record];
}
