// 密钥: made for programs, with limits; shown once, revoked at once.

import { el } from "../dom.js";
import { confirm, form, once } from "./dialogs.js";
import { limitFields, limitTexts } from "./limits.js";
import { badge, button, checks, code, intro, listing, onceBox, select, table, textInput, time, twoLines } from "./parts.js";

const DAY_SECONDS = 86_400;

export function keysPage(context, signal) {
  const { words, api } = context;
  const load = async () => (await api.get("v1/keys", {}, signal)).data;
  const render = (keys, again) => keysTable(context, keys, again);
  const { place, show } = listing(words, load, render, [words.keys_none, words.keys_none_text]);
  const create = button(words.keys_create, () => createKey(context, show), "primary");
  return el("div", { className: "page" }, intro(words.keys_text, create), place);
}

function keysTable(context, keys, again) {
  const { words, language } = context;
  const states = { active: [words.active, "good"], expired: [words.expired, "warn"], revoked: [words.revoked, "bad"] };
  const columns = [
    [words.key_name, (key) => twoLines(key.name, `${key.hint}…`), "first"],
    [words.state, (key) => badge(...states[key.state])],
    [words.tenant, (key) => (key.tenant === key.id ? el("span", { className: "faint", textContent: words.tenant_own }) : key.tenant)],
    [words.key_scope, (key) => scope(key, words, language)],
    [words.last_used, (key) => time(key.last_used_at, words, language)],
    [words.expires, (key) => (key.expires_at === null ? words.never_expires : time(key.expires_at, words, language))],
    [
      words.actions,
      (key) => {
        if (key.state === "revoked") return code(key.id);
        const revoke = button(words.revoke, () => revokeKey(context, key, again), "danger");
        revoke.setAttribute("aria-label", `${words.revoke} ${key.name}`);
        return revoke;
      },
      "last",
    ],
  ];
  return table(words.page_keys, columns, keys);
}

function scope(key, words, language) {
  const parts = [
    key.endpoints === null ? words.all_endpoints : key.endpoints.join("、"),
    ...(key.models === null ? [] : [key.models.join("、")]),
    ...limitTexts(key.limits, words, language),
  ];
  return el("ul", { className: "plain" }, ...parts.map((text) => el("li", { textContent: text })));
}

async function createKey(context, again) {
  const { words, api } = context;
  const name = textInput("name", { required: true });
  const tenant = textInput("tenant");
  const days = select("expires_at", [["30", words.days_30], ["90", words.days_90], ["365", words.days_365], ["", words.never_expires]], "90");
  const endpoints = checks(words.key_endpoints, Object.entries(endpointNames(words)));
  const models = await modelNames(context);
  const chosen = checks(words.key_models, models.map((id) => [id, id]));
  const limits = limitFields(words);
  const more = el("details", { className: "more" }, el("summary", { textContent: words.key_limits }), limits.element);
  const made = await form(context, words.keys_create, {
    wide: true,
    fields: [
      [words.key_name, name, words.key_name_hint],
      [words.tenant, tenant, words.tenant_hint],
      [words.expires, days],
      endpoints.element,
      ...(models.length > 1 ? [chosen.element] : []),
      more,
    ],
    submit: words.create,
    onSubmit: () => {
      const [only, of] = [endpoints.read(), chosen.read()];
      const body = { name: name.value.trim(), limits: limits.read() };
      if (tenant.value.trim()) body.tenant = tenant.value.trim();
      if (days.value) body.expires_at = Math.floor(Date.now() / 1000) + Number(days.value) * DAY_SECONDS;
      if (only.length) body.endpoints = only;
      if (of.length) body.models = of;
      return api.change("POST", "v1/keys", body);
    },
  });
  if (!made) return;
  again();
  await once(context, words.new_key_title, words.new_key_text.replace("{name}", made.key.name), onceBox(words.new_key_title, made.text, words));
}

function endpointNames(words) {
  return {
    chat: words.endpoint_chat,
    tasks: words.endpoint_tasks,
    decisions: words.endpoint_decisions,
    models: words.endpoint_models,
    files: words.endpoint_files,
    batches: words.endpoint_batches,
    tokenize: words.endpoint_tokenize,
    history: words.endpoint_history,
  };
}

async function modelNames({ api }) {
  try {
    return (await api.models()).map(({ id }) => id);
  } catch {
    return []; // a key can be made without: it is for all models then
  }
}

async function revokeKey(context, key, again) {
  const { words, api } = context;
  const text = words.revoke_text.replace("{name}", key.name);
  if (await confirm(context, words.revoke_title, text, words.revoke, () => api.change("DELETE", `v1/keys/${key.id}`))) again();
}
