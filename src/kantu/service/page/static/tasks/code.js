// The request of a task as a program: for curl and for Python. The visitor's key is never in it.

const PLACEHOLDER = "kt-…";

/** `request` is {address, body, files}: the body without its images, which are the files, each {name, type}. */
export function curl(request, words) {
  const images = request.files.map(({ name, type }) => {
    const content = `$(base64 < ${shellQuoted(name)} | tr -d '\\n')`;
    return `"data:${inHereDocument(type)};base64,${content}"`;
  });
  const fields = Object.entries(request.body).map(([name, value]) => inHereDocument(`${JSON.stringify(name)}: ${JSON.stringify(value)}`));
  const lines = [...fields, `"images": [\n    ${images.join(",\n    ")}\n  ]`];
  return `KANTU_API_KEY=${PLACEHOLDER}   # ${words.code_key}
curl -sS ${shellQuoted(request.address)} \\
  -H "Authorization: Bearer $KANTU_API_KEY" -H "Content-Type: application/json" -d @- <<EOF
{
  ${lines.join(",\n  ")}
}
EOF
`;
}

export function python(request, words) {
  const pictures = request.files.map(({ name, type }) => `picture(${literal(name)}, ${literal(type)})`);
  const given = Object.entries(request.body).map(([name, value]) => [name, literal(value)]);
  const fields = [...given, ["images", `[${pictures.join(", ")}]`]];
  return `# pip install httpx
import base64
from pathlib import Path

import httpx

API_KEY = ${literal(PLACEHOLDER)}  # ${words.code_key}


def picture(path, kind):
    return f"data:{kind};base64,{base64.b64encode(Path(path).read_bytes()).decode()}"


response = httpx.post(
    ${literal(request.address)},
    headers={"Authorization": f"Bearer {API_KEY}"},
    json={
${fields.map(([name, value]) => `        ${literal(name)}: ${value},`).join("\n")}
    },
    timeout=600,
)
response.raise_for_status()
answer = response.json()
print(answer["result"])
`;
}

function shellQuoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Text that stays itself in a here-document in which commands are run. */
function inHereDocument(text) {
  return text.replace(/[\\$`]/g, "\\$&");
}

/** A value as Python writes it. JSON's escapes are Python's, too. */
function literal(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${literal(inner)}`).join(", ")}}`;
}
