// What OpenAI's Node client makes of a service: one JSON object on standard output.
//   node client.mjs ADDRESS KEY PICTURE

import { readFileSync } from "node:fs";
import OpenAI from "openai";

const [address, apiKey, file] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${address}/v1`, apiKey, maxRetries: 0 });
const url = `data:image/png;base64,${readFileSync(file).toString("base64")}`;

function ask(text, more) {
  const content = [{ type: "image_url", image_url: { url } }, { type: "text", text }];
  return { model: "kantu-mini", messages: [{ role: "user", content }], ...more };
}

async function stream() {
  const told = { text: "", finish_reason: null, usage: null };
  const more = { temperature: 0, stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client.chat.completions.create(ask("为什么这个还没发货？", more))) {
    const choice = chunk.choices[0];
    told.text += choice?.delta.content ?? "";
    told.finish_reason = choice?.finish_reason ?? told.finish_reason;
    told.usage = chunk.usage ?? told.usage;
  }
  return told;
}

async function record() {
  const properties = { 状态: { type: "string", maxLength: 20 }, 总金额: { type: "string", maxLength: 20 } };
  const schema = { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
  const response_format = { type: "json_schema", json_schema: { name: "order", strict: true, schema } };
  const completion = await client.chat.completions.parse(ask("提取记录。", { response_format }));
  return completion.choices[0].message.parsed;
}

async function failure(call) {
  try {
    await call();
  } catch (error) {
    const { status, code, param, type, requestID, message } = error;
    return { name: error.constructor.name, status, code, param, type, requestID, message };
  }
  return null;
}

const stranger = new OpenAI({ baseURL: client.baseURL, apiKey: "kt-no", maxRetries: 0 });
const told = {
  models: (await client.models.list()).data.map((model) => model.id),
  stream: await stream(),
  record: await record(),
  bad_request: await failure(() => client.chat.completions.create(ask("?", { temperature: -1 }))),
  not_found: await failure(() => client.files.retrieve("file-0")),
  unauthenticated: await failure(() => stranger.models.list()),
};
console.log(JSON.stringify(told));
