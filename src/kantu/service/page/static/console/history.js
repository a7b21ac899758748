// 历史: what was kept of one's own questions, for as long as the settings say.

import { el } from "../dom.js";
import { readableJson } from "../json_text.js";
import { failure } from "../lines.js";
import { confirm } from "./dialogs.js";
import { badge, button, intro, nothing, time, waiting } from "./parts.js";

const PAGE = 20;

export function historyPage(context, signal) {
  const { words, api } = context;
  const place = el("div", { className: "kept-list" });
  const show = async () => {
    place.replaceChildren(waiting(words));
    try {
      const page = await api.get("v1/history", { limit: PAGE }, signal);
      if (page.data.length) place.replaceChildren(...kept(context, page, show, signal));
      else place.replaceChildren(nothing(words.history_none, words.history_none_text));
    } catch (error) {
      if (error.name !== "AbortError") place.replaceChildren(...failure(error, words, show));
    }
  };
  const clear = button(
    words.history_clear,
    async () => {
      if (await confirm(context, words.history_clear, words.history_clear_text, words.history_clear, () => api.change("DELETE", "v1/history"))) show();
    },
    "danger",
  );
  show();
  return el("div", { className: "page narrow" }, intro(words.history_text.replace("{days}", context.keptDays), clear), place);
}

function kept(context, page, again, signal) {
  const { words, api } = context;
  const list = el("div", { className: "kept-items" }, ...page.data.map((one) => item(context, one, again, signal)));
  if (!page.has_more) return [list];
  let last = page;
  const more = button(words.more, async () => {
    try {
      last = await api.get("v1/history", { limit: PAGE, after: last.last_id }, signal);
      list.append(...last.data.map((one) => item(context, one, again, signal)));
      more.hidden = !last.has_more;
    } catch (error) {
      if (error.name !== "AbortError") more.after(...failure(error, words, () => more.click()));
    }
  });
  return [list, el("div", { className: "after-table" }, more)];
}

function item(context, one, again, signal) {
  const { words, language } = context;
  const place = el("div", { className: "kept-whole" });
  const summary = el(
    "summary",
    {},
    el("span", { className: "kept-title", textContent: one.title || (one.kind === "chat" ? words.untitled : one.kind) }),
    el("span", { className: "kept-about" }, badge(one.kind === "chat" ? words.page_ask : one.kind), " ", time(one.created_at, words, language)),
  );
  const made = el("details", { className: "kept" }, summary, place);
  let opened = false;
  made.addEventListener("toggle", () => {
    if (!made.open || opened) return;
    opened = true;
    show(context, one, place, again, signal);
  });
  return made;
}

async function show(context, one, place, again, signal) {
  const { words, api, language } = context;
  place.replaceChildren(waiting(words, 2));
  try {
    const whole = await api.get(`v1/history/${one.id}`, {}, signal);
    const pictures = el("div", { className: "pictures left" });
    for (let number = 0; number < one.pictures; number += 1) {
      const blob = await api.blob(`v1/history/${one.id}/pictures/${number}`);
      const image = el("img", { src: URL.createObjectURL(blob), alt: `${words.picture} ${number + 1}` });
      image.addEventListener("load", () => URL.revokeObjectURL(image.src));
      pictures.append(image);
    }
    const remove = button(
      words.delete,
      async () => {
        if (await confirm(context, words.delete, words.history_delete_text, words.delete, () => api.change("DELETE", `v1/history/${one.id}`))) again();
      },
      "danger",
    );
    place.replaceChildren(
      ...(one.pictures ? [pictures] : []),
      ...texts(whole.question, words).map((text) => el("div", { className: "kept-question", textContent: text })),
      ...[whole.answer].flat().map(answerOf),
      el("div", { className: "kept-foot" }, el("small", {}, `${one.model} · ${words.kept_until} `, time(one.expires_at, words, language)), remove),
    );
  } catch (error) {
    if (error.name !== "AbortError") place.replaceChildren(...failure(error, words, () => show(context, one, place, again, signal)));
  }
}

function answerOf(answer) {
  const json = typeof answer === "string" ? readableJson(answer) : JSON.stringify(answer, null, 2);
  return json === null ? el("div", { className: "text", textContent: answer }) : el("div", { className: "text" }, el("pre", { textContent: json }));
}

/** What was asked, as lines: the messages of a conversation, or the fields of a task. */
function texts(question, words) {
  if (!Array.isArray(question)) return Object.values(question).filter(Boolean);
  return question.map(({ content }) => {
    if (typeof content === "string") return content;
    return content.map((part) => part.text ?? `[${words.picture} ${part.picture + 1}]`).join(" ");
  });
}
