// A point of a picture, in thousandths of its width and height: clicked, or typed.

import { el } from "../dom.js";

const WHOLE = 1000;

export class PointPicker {
  /** `x` and `y` are number fields. */
  constructor(x, y, words) {
    [this.x, this.y] = [x, y];
    this.marker = el("span", { className: "marker" });
    this.marker.setAttribute("aria-hidden", "true");
    this.image = el("img", { alt: words.point_hint });
    this.figure = el("figure", { className: "point" }, this.image, this.marker);
    this.hint = el("p", { className: "field-hint", textContent: words.point_hint });
    this.element = el("div", { className: "point-picker" }, this.figure, this.hint);
    this.image.addEventListener("click", (event) => {
      const frame = this.image.getBoundingClientRect();
      x.value = thousandths(event.clientX - frame.left, frame.width);
      y.value = thousandths(event.clientY - frame.top, frame.height);
      this.#mark();
    });
    for (const field of [x, y]) field.addEventListener("input", () => this.#mark());
    this.#mark();
  }

  /** The picture to point at, or null. */
  show(picture) {
    this.figure.hidden = !picture;
    if (picture) this.image.src = picture.url;
  }

  #mark() {
    const [x, y] = [this.x, this.y].map((field) => (field.value === "" ? NaN : Number(field.value)));
    this.marker.hidden = !(x >= 0 && x <= WHOLE && y >= 0 && y <= WHOLE);
    this.marker.style.left = `${(x / WHOLE) * 100}%`;
    this.marker.style.top = `${(y / WHOLE) * 100}%`;
  }
}

function thousandths(at, side) {
  return String(Math.min(Math.max(Math.round((at / side) * WHOLE), 0), WHOLE));
}
