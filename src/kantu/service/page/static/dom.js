// Making and finding elements. Texts are always set as text: nothing here, or anywhere on the page, parses HTML.

/** An element with properties and children; strings become text nodes. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The fixed parts of the page (page.html) by name. */
export function partsOf(root) {
  return (name) => {
    const selector = `[data-part="${name}"]`;
    const found = root.matches(selector) ? root : root.querySelector(selector);
    if (!found) throw new Error(`the page has no part ${name}`);
    return found;
  };
}
