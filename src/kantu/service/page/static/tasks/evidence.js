// The pictures of a result with its boxes. A box and the field that it belongs to light up together.

import { el } from "../dom.js";

const COLORS = 6;

/**
 * Args: `findings` by path, as in a task's result; `labelOf` names a path; `onEnlarge` gets an element to show large.
 */
export class Evidence {
  constructor(pictures, findings, labelOf, words, { onEnlarge }) {
    this.words = words;
    this.colors = colorsOf(findings);
    const placed = Object.entries(findings).flatMap(([path, { boxes, ...finding }]) =>
      boxes.map((box) => ({ path, box, doubtful: isDoubtful(finding) })),
    );
    // small ones come last, so that they lie on top of what they are in
    placed.sort((one, other) => areaOf(other.box) - areaOf(one.box));
    this.paths = new Set(placed.map(({ path }) => path));
    this.figures = pictures.map((picture, index) => {
      const boxes = placed.filter(({ box }) => box.picture === index);
      return this.#figure(picture, boxes, labelOf, () => onEnlarge(this.#large(index)));
    });
    this.tabs = pictures.map((_, index) => {
      const tab = el("button", { type: "button", className: "chip", textContent: `${words.picture} ${index + 1}` });
      tab.addEventListener("click", () => this.#showPicture(index));
      return tab;
    });
    const enlarge = el("button", { type: "button", className: "link", textContent: words.enlarge });
    enlarge.addEventListener("click", () => onEnlarge(this.#large(this.current)));
    const tools = el("div", { className: "tabs" }, ...(pictures.length > 1 ? this.tabs : []), enlarge);
    this.element = el("div", { className: "evidence" }, ...this.figures, tools);
    this.#showPicture(placed.length ? Math.min(...placed.map(({ box }) => box.picture)) : 0);
  }

  /** The colour of what a field of the record belongs to: a class, or "" where none of it has a box. */
  colorOf(path) {
    return this.colors.get(topOf(path)) ?? "";
  }

  /** Lights up boxes and the fields of `root`, whichever is pointed at or has the focus. */
  connect(root) {
    const pointed = (event) => this.#light(root, event.target.closest?.("[data-path]"));
    for (const kind of ["pointerover", "focusin", "click"]) root.addEventListener(kind, pointed);
    root.addEventListener("pointerleave", () => this.#light(root, document.activeElement?.closest("[data-path]")));
    root.addEventListener("focusout", () => this.#light(root, null));
    this.element.addEventListener("click", (event) => {
      const box = event.target.closest(".spot");
      if (!box) return;
      const fields = [...root.querySelectorAll(".record[data-path], .record [data-path]")];
      const field = fields.find(({ dataset }) => dataset.path === box.dataset.path);
      field?.focus({ preventScroll: true });
      field?.scrollIntoView({ block: "nearest" });
    });
  }

  #light(root, element) {
    const path = this.#withBoxes(element);
    const isLit = (other) => path !== null && isWithin(other, path);
    const boxes = [...root.querySelectorAll(".spot")];
    const lit = boxes.filter(({ dataset }) => isLit(dataset.path));
    for (const box of boxes) box.classList.toggle("lit", lit.includes(box));
    for (const field of root.querySelectorAll(".record[data-path], .record [data-path]")) {
      field.classList.toggle("lit", path !== null && field.dataset.path === path);
    }
    this.element.classList.toggle("pointing", lit.length > 0);
    const shown = lit.map((box) => this.figures.findIndex((figure) => figure.contains(box)));
    if (shown.length && !shown.includes(this.current)) this.#showPicture(shown[0]);
  }

  /** The path of the nearest field around an element that has boxes, itself or in its parts. */
  #withBoxes(element) {
    for (let at = element; at; at = at.parentElement.closest("[data-path]")) {
      if ([...this.paths].some((path) => isWithin(path, at.dataset.path))) return at.dataset.path;
    }
    return null;
  }

  #showPicture(index) {
    this.current = index;
    this.figures.forEach((figure, other) => (figure.hidden = other !== index));
    this.tabs.forEach((tab, other) => tab.setAttribute("aria-pressed", String(other === index)));
  }

  #large(index) {
    const copy = this.figures[index].cloneNode(true);
    copy.inert = true; // a click anywhere closes it
    return copy;
  }

  #figure(picture, boxes, labelOf, onEnlarge) {
    const image = el("img", { src: picture.url, alt: picture.name });
    const spots = boxes.map(({ path, box, doubtful }) => {
      const className = `spot ${this.colorOf(path)} ${doubtful ? "doubtful" : ""}`;
      const spot = el("button", { type: "button", className, title: labelOf(path) });
      spot.setAttribute("aria-label", labelOf(path));
      spot.dataset.path = path;
      return [spot, box];
    });
    const place = () => {
      const [width, height] = [image.naturalWidth, image.naturalHeight]; // as it is shown: boxes are about that
      for (const [spot, { x1, y1, x2, y2 }] of spots) {
        spot.style.left = `${(x1 / width) * 100}%`;
        spot.style.top = `${(y1 / height) * 100}%`;
        spot.style.width = `${((x2 - x1) / width) * 100}%`;
        spot.style.height = `${((y2 - y1) / height) * 100}%`;
      }
    };
    image.addEventListener("load", place);
    image.addEventListener("click", onEnlarge);
    return el("figure", { className: "boxed" }, image, ...spots.map(([spot]) => spot));
  }
}

/** Whether a reader of the result should look twice. */
export function isDoubtful({ verified, problems }) {
  return verified === false || problems.length > 0;
}

/** Whether `path` is `whole` or a part of it; "" is the whole record. */
function isWithin(path, whole) {
  return whole === "" || path === whole || path.startsWith(`${whole}.`) || path.startsWith(`${whole}[`);
}

function colorsOf(findings) {
  const tops = Object.entries(findings).filter(([, { boxes }]) => boxes.length).map(([path]) => topOf(path));
  return new Map([...new Set(tops)].map((top, index) => [top, `box-${index % COLORS}`]));
}

/** "rows[2][1]" belongs to "rows", "[3].text" to "[3]". */
function topOf(path) {
  return /^(\[\d+\]|[^.[]*)/.exec(path)[0];
}

function areaOf({ x1, y1, x2, y2 }) {
  return (x2 - x1) * (y2 - y1);
}
