// What the page is used for: questions in conversations, or tasks. The address remembers it behind its #.

const MODES = ["ask", "tasks"];

export class Modes {
  /** Calls `onShow` with the name of the mode whenever it changes. */
  constructor(part, { onShow }) {
    this.part = part;
    this.onShow = onShow;
    for (const mode of MODES) part(`mode-${mode}`).addEventListener("click", () => this.show(mode));
  }

  /** The mode, and the task in the address, if there is one. */
  static fromAddress() {
    const [, mode, task] = /^#(tasks)(?:\/(.+))?$/.exec(location.hash) ?? [null, "ask"];
    return { mode, task: task ? decoded(task) : null };
  }

  show(mode) {
    if (this.mode === mode) return;
    this.mode = mode;
    for (const other of MODES) this.part(`mode-${other}`).setAttribute("aria-pressed", String(other === mode));
    this.part("scroll").hidden = this.part("composer").hidden = mode !== "ask";
    this.part("tasks").hidden = mode !== "tasks";
    this.onShow(mode);
  }

  /** Puts the mode into the address, with the task that is chosen; one in the address stays until then. */
  remember(task) {
    if (this.mode === "tasks" && !task && Modes.fromAddress().task) return;
    const hash = this.mode === "ask" ? "" : `#tasks${task ? `/${encodeURIComponent(task)}` : ""}`;
    history.replaceState(null, "", `${location.pathname}${location.search}${hash}`);
  }
}

function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return null; // typed by hand: no task has such a name
  }
}
