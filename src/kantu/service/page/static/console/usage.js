// 用量: by day, person or key, task and model.

import { el, svg } from "../dom.js";
import { failure } from "../lines.js";
import { button, field, fill, intro, nothing, number, section, select, table, tile, twoLines } from "./parts.js";

const DAY_MS = 86_400_000;
const MOST_ROWS = 50;

export function usagePage(context, signal) {
  const { words, api, session } = context;
  const place = el("div", {});
  const range = select("days", [["7", words.last_7], ["30", words.last_30], ["90", words.last_90]], "30");
  const since = () => new Date(Date.now() - (Number(range.value) - 1) * DAY_MS).toISOString().slice(0, 10);
  const get = async (by) => (await api.get("v1/usage", { by, since: since(), limit: by === "day" ? 366 : MOST_ROWS }, signal)).data;
  const show = () =>
    fill(
      place,
      words,
      async () => Promise.all(["day", "actor", "task", "model"].map(get)),
      ([days, actors, tasks, models]) => {
        if (!days.length) return nothing(words.usage_none, words.usage_none_text);
        return [totals(context, days), chart(context, days, since(), Number(range.value)), ...tables(context, actors, tasks, models)];
      },
    );
  range.addEventListener("change", show);
  const download = button(words.export_csv, async () => {
    try {
      await api.download("v1/usage/export", { since: since() }, "kantu-usage.csv");
    } catch (error) {
      place.prepend(...failure(error, words, () => download.click()));
    }
  });
  show();
  const texts = { system: words.usage_text_system, operator: words.usage_text_operator };
  return el("div", { className: "page" }, intro(texts[session.role] ?? words.usage_text_member, field(words.usage_range, range), download), place);
}

function totals({ words, language }, days) {
  const sum = (name) => number(days.reduce((total, day) => total + day[name], 0), language);
  return el("div", { className: "tiles" }, tile(words.requests, sum("requests")), tile(words.visual_tokens, sum("visual_tokens")), tile(words.output_tokens, sum("output_tokens")));
}

/** A bar for each day, empty ones too. What it shows stands in the table behind it. */
function chart({ words, language }, days, first, count) {
  const by = new Map(days.map((day) => [day.day, day]));
  const all = Array.from({ length: count }, (_, index) => {
    const day = new Date(Date.parse(first) + index * DAY_MS).toISOString().slice(0, 10);
    return by.get(day) ?? { day, requests: 0, visual_tokens: 0, output_tokens: 0 };
  });
  const most = Math.max(...all.map(({ requests }) => requests));
  const [width, height] = [720, 160];
  const step = width / all.length;
  const frame = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "bars", role: "img", preserveAspectRatio: "none" });
  frame.setAttribute("aria-label", words.usage_chart.replace("{days}", count).replace("{most}", number(most, language)));
  for (const [index, day] of all.entries()) {
    const tall = most ? (day.requests / most) * (height - 8) : 0;
    const shape = { x: index * step + step * 0.15, y: height - Math.max(tall, 1.5), width: step * 0.7, height: Math.max(tall, 1.5), rx: Math.min(3, step * 0.2) };
    frame.append(svg("rect", { ...shape, class: day.requests ? "" : "zero" }, svg("title", {}, `${day.day}: ${number(day.requests, language)}`)));
  }
  const ends = el("div", { className: "bars-ends", "aria-hidden": "true" }, el("span", { textContent: all[0].day }), el("span", { textContent: all.at(-1).day }));
  const rows = table(words.usage_by_day, [[words.day, (one) => one.day, "first"], ...counts(words, language)], days.toReversed?.() ?? [...days].reverse());
  return section(words.usage_by_day, frame, ends, el("details", { className: "more" }, el("summary", { textContent: words.as_table }), rows));
}

function counts(words, language) {
  const figure = (name) => (one) => el("span", { className: "figures-only", textContent: number(one[name], language) });
  return [
    [words.requests, figure("requests"), "right"],
    [words.visual_tokens, figure("visual_tokens"), "right"],
    [words.output_tokens, figure("output_tokens"), "right"],
  ];
}

function tables({ words, language }, actors, tasks, models) {
  const figures = counts(words, language);
  const tasked = { chat: words.page_ask, decisions: words.endpoint_decisions };
  return [
    section(words.usage_by_actor, table(words.usage_by_actor, [[words.usage_actor, (one) => twoLines(one.actor_name ?? words.usage_unknown, one.actor_id), "first"], ...figures], actors)),
    section(words.usage_by_task, table(words.usage_by_task, [[words.usage_task, (one) => tasked[one.task] ?? one.task, "first"], ...figures], tasks)),
    section(words.usage_by_model, table(words.usage_by_model, [[words.model, (one) => one.model, "first"], ...figures], models)),
  ];
}
