// The advanced options, as fields of a request.

// Made for the picture that the README asks about.
const SAMPLE_FIELDS = ["状态", "店铺", "商品", "总金额", "订单号"];
const SAMPLE = {
  type: "object",
  properties: Object.fromEntries(SAMPLE_FIELDS.map((name) => [name, { type: "string", maxLength: 40 }])),
  required: SAMPLE_FIELDS,
  additionalProperties: false,
};

export class Options {
  constructor(part, words, { onChange }) {
    this.words = words;
    this.maxPixels = part("max-pixels");
    this.maxTokens = part("max-tokens");
    this.schema = part("schema");
    this.maxPixels.placeholder = `${words.by_default} · ${words.max_pixels_hint}`;
    this.maxTokens.placeholder = words.by_default;
    const [panel, toggle] = [part("advanced"), part("advanced-toggle")];
    toggle.addEventListener("click", () => {
      panel.hidden = !panel.hidden;
      toggle.setAttribute("aria-expanded", String(!panel.hidden));
    });
    const mark = () => toggle.classList.toggle("set", [this.maxPixels, this.maxTokens, this.schema].some(({ value }) => value.trim()));
    panel.addEventListener("input", mark);
    part("schema-sample").addEventListener("click", () => {
      this.schema.value = JSON.stringify(SAMPLE, null, 2);
      mark();
    });
    this.maxPixels.addEventListener("change", onChange);
  }

  /** What decides how many visual tokens a picture becomes. */
  pixels() {
    const most = Number.parseInt(this.maxPixels.value, 10);
    return most > 0 ? { mm_processor_kwargs: { max_pixels: most } } : {};
  }

  /** All fields; throws an Error with words for the visitor where the schema is not JSON. */
  fields() {
    const most = Number.parseInt(this.maxTokens.value, 10);
    const fields = this.pixels();
    if (most > 0) fields.max_completion_tokens = most;
    const text = this.schema.value.trim();
    if (!text) return fields;
    let schema;
    try {
      schema = JSON.parse(text);
    } catch {
      throw new Error(this.words.schema_invalid);
    }
    if (!schema || typeof schema !== "object" || Array.isArray(schema)) throw new Error(this.words.schema_invalid);
    fields.response_format = { type: "json_schema", json_schema: { name: "answer", strict: true, schema } };
    return fields;
  }
}
