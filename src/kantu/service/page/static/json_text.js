// JSON as people read it.

/** JSON objects and arrays with their lines broken; null for everything else. */
export function readableJson(text) {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return brokenLines(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return null; // it only looked like JSON
    throw error;
  }
}

const LINE = 64; // characters that are still read at a glance

/** Like JSON.stringify with an indent, but what is short, such as a box, stays on one line. */
export function brokenLines(value, indent = "") {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const isList = Array.isArray(value);
  const [open, close] = isList ? "[]" : "{}";
  const inner = `${indent}  `;
  const named = (name) => (isList ? "" : `${JSON.stringify(name)}: `);
  const items = Object.entries(value).map(([name, item]) => named(name) + brokenLines(item, inner));
  const line = open + items.join(", ") + close;
  if (line.length <= LINE && !line.includes("\n")) return line;
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`;
}
