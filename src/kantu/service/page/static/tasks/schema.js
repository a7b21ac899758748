// What a JSON schema says of the parts of a record.

/** The field that says where a thing stands, in thousandths. */
export const BOX = "bbox_2d";

/** The part that a `$ref` means, or the one beside null; `node` itself otherwise. */
function applied(root, node) {
  let found = node ?? {};
  for (let steps = 0; steps < 16; steps++) {
    const variant = (found.anyOf ?? found.oneOf)?.find((part) => part.type !== "null");
    if (found.$ref?.startsWith("#/")) found = pointed(root, found.$ref) ?? {};
    else if (variant) found = variant;
    else break;
  }
  return found;
}

function pointed(root, reference) {
  const names = reference.slice(2).split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  return names.reduce((node, name) => node?.[name], root);
}

/** What is said of a property of an object. */
export function property(root, node, name) {
  return applied(root, node).properties?.[name] ?? {};
}

/** What is said of a list's item. */
export function item(root, node, index) {
  const list = applied(root, node);
  return list.prefixItems?.[index] ?? list.items ?? {};
}

/** What people call a property: its title, or its name. */
export function titled(described, name) {
  return described.title ?? name;
}

/** The titles that the fields of a record have, or of each record of a list. */
export function titlesOf(schema) {
  const whole = applied(schema, schema);
  const fields = applied(schema, whole.items ?? whole).properties ?? {};
  return Object.entries(fields)
    .filter(([name]) => name !== BOX)
    .map(([name, described]) => titled(described, name));
}

/** The most characters that a text may have. */
export function longest(root, node) {
  return applied(root, node).maxLength ?? 0;
}
