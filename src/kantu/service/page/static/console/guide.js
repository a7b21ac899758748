// 开始: what a fresh service still needs, for the system administrator.

import { el } from "../dom.js";
import { button, fill, intro } from "./parts.js";

export function guidePage(context, signal) {
  const { words, api } = context;
  const place = el("div", {});
  fill(
    place,
    words,
    async () => {
      const [status, settings, people] = await Promise.all([
        api.get("v1/status", {}, signal),
        api.get("v1/settings", {}, signal),
        api.get("v1/people", { limit: 100 }, signal),
      ]);
      return { status, people: people.data, settings: new Map(settings.data.map((one) => [`${one.section}.${one.name}`, one.value])) };
    },
    (found) => el("ol", { className: "guide" }, ...steps(context, found)),
  );
  return el("div", { className: "page narrow" }, intro(words.guide_text), place);
}

function steps(context, { status, settings, people }) {
  const { words } = context;
  const model = status.models.find(({ state }) => state === "ready");
  const certificate = settings.get("server.tls_certificate");
  const isSafe = certificate !== null || location.protocol === "https:";
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  const active = people.filter(({ state }) => state === "active");
  const powers = ["security", "audit"].map((role) => active.some((one) => one.role === role));
  const others = active.filter(({ role }) => role === "operator" || role === "member");
  return [
    step(words, Boolean(model), words.guide_model, model ? words.guide_model_done.replace("{name}", model.name) : words.guide_model_text, ["#status", words.page_status]),
    step(words, isSafe, words.guide_tls, isSafe ? words.guide_tls_done : isLocal ? words.guide_tls_local : words.guide_tls_text, ["#settings", words.page_settings]),
    step(words, true, words.guide_admin, words.guide_admin_done, ["#account", words.page_account]),
    step(words, powers.every(Boolean), words.guide_powers, powers.every(Boolean) ? words.guide_powers_done : words.guide_powers_text, ["#people", words.page_people]),
    step(words, others.length > 0, words.guide_people, words.guide_people_text, ["#people", words.page_people]),
    step(words, null, words.guide_key, words.guide_key_text),
    step(words, null, words.guide_picture, words.guide_picture_text, null, button(words.guide_picture_try, () => tryPicture(context), "primary")),
  ];
}

/** `done`: true, false, or null where this page cannot know. */
function step(words, done, title, text, link = null, ...more) {
  const marks = { true: ["check", words.step_done], false: ["dot", words.step_open], null: ["dot", words.step_yours] };
  const [icon, said] = marks[String(done)];
  const mark = el("span", { className: `step-mark ${done ? "done" : ""}` }, el("span", { className: `icon icon-${icon}`, "aria-hidden": "true" }), el("span", { className: "unseen", textContent: said }));
  const links = link ? [el("a", { className: "link", href: link[0], textContent: `${link[1]} →` })] : [];
  return el("li", {}, mark, el("div", {}, el("h2", { textContent: title }), el("p", { textContent: text }), ...links, ...more));
}

/** Draws a small order and opens 看图 with it and a question about it. */
async function tryPicture(context) {
  const { words } = context;
  const canvas = el("canvas", { width: 400, height: 300 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, 400, 300);
  pen.fillStyle = "#c2570c";
  pen.font = "600 26px sans-serif";
  pen.fillText("待商家发货", 28, 58);
  pen.fillStyle = "#333333";
  pen.font = "20px sans-serif";
  for (const [index, line] of ["商品  保温杯 500ml × 1", "实付  ¥128.00", "订单号  20261129-0042"].entries()) pen.fillText(line, 28, 120 + index * 48);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  context.go("ask");
  context.tray.add([new File([blob], words.guide_picture_name, { type: "image/png" })]);
  context.asking.suggest(words.guide_picture_question);
}
