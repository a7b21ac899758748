// The pictures of the question that is being written: pasted, dropped or chosen, shown small, taken away again.

import { el } from "./dom.js";

/**
 * A picture is {name, type, url, data}: an object URL to show, and a promise of the data URL to send. Calls `onChange`
 * whenever the pictures have changed, and `onRefused` with the names of files that are none.
 */
export class Tray {
  constructor(part, words, { onChange, onRefused }) {
    this.list = part("tray");
    this.words = words;
    this.onChange = onChange;
    this.onRefused = onRefused;
    this.pictures = [];
    this.lent = new Set(); // pictures that are shown elsewhere too
    const input = part("file");
    for (const name of ["choose", "choose-first", "choose-task"]) part(name).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.add(input.files);
      input.value = ""; // the same file may be chosen again
    });
    document.addEventListener("paste", (event) => {
      const files = event.clipboardData?.files;
      if (!files?.length || document.querySelector("dialog[open]")) return;
      event.preventDefault(); // a copied picture often comes with its address as text
      this.add(files);
    });
    this.#acceptDrops(part("root"), part("drop"));
  }

  add(files) {
    const [images, others] = [[], []];
    for (const file of files) (file.type.startsWith("image/") ? images : others).push(file);
    for (const file of images) {
      const url = URL.createObjectURL(file);
      const picture = { name: file.name, type: file.type, url, data: dataUrlOf(file) };
      this.pictures.push(picture);
      this.list.append(this.#thumbnail(picture));
    }
    if (images.length) this.onChange();
    if (others.length) this.onRefused(others.map((file) => file.name));
  }

  /** Hands the pictures over and is empty. */
  take() {
    const taken = this.pictures;
    this.pictures = [];
    this.list.replaceChildren();
    this.onChange();
    return taken;
  }

  /** The pictures, which stay here as well. */
  lend() {
    for (const picture of this.pictures) this.lent.add(picture);
    return [...this.pictures];
  }

  #thumbnail(picture) {
    const remove = el("button", { type: "button", title: this.words.remove, className: "remove" });
    remove.setAttribute("aria-label", this.words.remove);
    remove.append(el("span", { className: "icon icon-close" }));
    const thumbnail = el("div", { className: "thumbnail" }, el("img", { src: picture.url, alt: picture.name }), remove);
    remove.addEventListener("click", () => {
      this.pictures = this.pictures.filter((other) => other !== picture);
      if (!this.lent.has(picture)) URL.revokeObjectURL(picture.url);
      thumbnail.remove();
      this.onChange();
    });
    return thumbnail;
  }

  #acceptDrops(root, curtain) {
    let inside = 0; // dragenter and dragleave come for every element on the way
    const show = (change) => {
      inside = change === 0 ? 0 : Math.max(0, inside + change);
      curtain.classList.toggle("shown", inside > 0);
    };
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    root.addEventListener("dragenter", (event) => hasFiles(event) && show(1));
    root.addEventListener("dragleave", (event) => hasFiles(event) && show(-1));
    root.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
    root.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      show(0);
      this.add(event.dataTransfer.files);
    });
  }
}

function dataUrlOf(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
