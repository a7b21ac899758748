// Boxes in an answer: finding them, and drawing them on the picture.

import { el, svg } from "./dom.js";

const MOST_STARTS = 200; // how many brackets of an answer are tried
const MOST_BOXES = 200;
const LABELS = ["label", "text", "text_content", "name", "标签", "名称", "文字"];

/**
 * The boxes an answer names: [{box: [x1, y1, x2, y2], label}], coordinates from 0 to 1000 of the picture's width and
 * height. They stand in JSON, alone or in the middle of text or a fenced block: `[{"bbox_2d": [...], "label": "..."}]`,
 * any object with a `bbox_2d` inside, or a bare `[x1, y1, x2, y2]`.
 */
export function boxesIn(text) {
  const found = [];
  let starts = 0;
  for (let at = 0; at < text.length && starts < MOST_STARTS; at++) {
    if (text[at] !== "[" && text[at] !== "{") continue;
    starts++;
    const end = endOfJson(text, at);
    if (end < 0) continue;
    try {
      collect(JSON.parse(text.slice(at, end)), "", found);
      at = end - 1;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // not JSON: go on behind the bracket
    }
  }
  return found.slice(0, MOST_BOXES);
}

/** Where the bracket at `start` is closed again, strings apart; -1 where it is not. */
function endOfJson(text, start) {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (quoted) {
      if (character === "\\") at++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "[" || character === "{") depth++;
    else if ((character === "]" || character === "}") && --depth === 0) return at + 1;
  }
  return -1;
}

function collect(value, label, found) {
  if (isBox(value)) found.push({ box: value, label });
  else if (Array.isArray(value)) for (const item of value) collect(item, label, found);
  else if (value && typeof value === "object") {
    const own = LABELS.map((name) => value[name]).find((name) => typeof name === "string");
    for (const [name, item] of Object.entries(value)) {
      collect(item, own ?? (/^(bbox|bbox_2d|box)$/.test(name) ? label : name), found);
    }
  }
}

function isBox(value) {
  if (!Array.isArray(value) || value.length !== 4) return false;
  if (!value.every((number) => typeof number === "number" && number >= 0 && number <= 1000)) return false;
  return value[0] < value[2] && value[1] < value[3];
}

/** The picture with its boxes on it. */
export function drawn(picture, boxes) {
  const frame = svg("svg", { viewBox: "0 0 1000 1000", preserveAspectRatio: "none", "aria-hidden": "true" });
  const figure = el("figure", { className: "boxed" }, el("img", { src: picture.url, alt: picture.name }), frame);
  boxes.forEach(({ box: [x1, y1, x2, y2], label }, index) => {
    const color = `box-${index % 6}`;
    frame.append(svg("rect", { x: x1, y: y1, width: x2 - x1, height: y2 - y1, class: color }));
    if (!label) return;
    const tag = el("figcaption", { className: `${color} ${y1 < 60 ? "inside" : ""}`, textContent: label });
    tag.style.left = `${Math.min(x1, 900) / 10}%`;
    tag.style.top = `${y1 / 10}%`;
    figure.append(tag);
  });
  return figure;
}
