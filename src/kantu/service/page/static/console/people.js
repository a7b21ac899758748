// 用户与角色: the accounts; who makes them grants no powers, and who grants powers makes none.

import { el } from "../dom.js";
import { failure } from "../lines.js";
import { confirm, dialog, form, once } from "./dialogs.js";
import { badge, button, code, everything, fill, intro, listing, onceBox, select, table, textInput, time, twoLines } from "./parts.js";

export function peoplePage(context, signal) {
  const { words, api } = context;
  const load = () => everything(api, "v1/people", signal);
  const render = (people, again) => peopleTable(context, people, again);
  const { place, show } = listing(words, load, render, [words.people_none, words.people_none_text]);
  const create = context.may("create people") ? [button(words.people_create, () => createPerson(context, show), "primary")] : [];
  const text = context.may("update roles") ? words.people_text_security : words.people_text_system;
  return el("div", { className: "page" }, intro(text, ...create), place);
}

export function roleNames(words) {
  return {
    system: words.role_system,
    security: words.role_security,
    audit: words.role_audit,
    operator: words.role_operator,
    member: words.role_member,
  };
}

function peopleTable(context, people, again) {
  const { words, language, session } = context;
  const roles = roleNames(words);
  const columns = [
    [words.person, (one) => twoLines(one.display_name, one.name), "first"],
    [words.role, (one) => badge(roles[one.role], ["operator", "member"].includes(one.role) ? "" : "accent")],
    [words.tenant, (one) => (one.tenant === one.id ? el("span", { className: "faint", textContent: words.tenant_own }) : one.tenant)],
    [words.state, (one) => state(one, words)],
    [words.last_login, (one) => time(one.last_login_at, words, language)],
    [
      words.actions,
      (one) => {
        if (one.id === session.person_id) return badge(words.yourself);
        const open = button(words.manage, () => managePerson(context, one, again));
        open.setAttribute("aria-label", `${words.manage} ${one.name}`);
        return open;
      },
      "last",
    ],
  ];
  return table(words.page_people, columns, people);
}

function state(one, words) {
  const shown = one.state === "active" ? badge(words.active, "good") : badge(words.disabled, "bad");
  return [shown, ...(one.has_totp ? [" ", badge(words.has_totp)] : [])];
}

async function createPerson(context, again) {
  const { words, api } = context;
  const roles = roleNames(words);
  const name = textInput("name", { required: true });
  const shown = textInput("display_name");
  const tenant = textInput("tenant");
  const role = select("role", Object.entries(roles).reverse(), "member");
  const made = await form(context, words.people_create, {
    fields: [
      [words.login_name, name, words.login_name_hint],
      [words.display_name, shown, words.display_name_hint],
      [words.tenant, tenant, words.tenant_hint],
      [words.role, role, words.role_hint],
    ],
    submit: words.create,
    onSubmit: () => {
      const optional = { display_name: shown.value.trim(), tenant: tenant.value.trim() };
      const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value));
      return api.change("POST", "v1/people", { name: name.value, role: role.value, ...given });
    },
  });
  if (!made) return;
  again();
  await showPassword(context, made);
}

function showPassword(context, { person, one_time_password: secret }) {
  const { words } = context;
  const text = words.one_time_text.replace("{name}", person.name);
  return once(context, words.one_time_title, text, onceBox(words.one_time_title, secret, words));
}

async function managePerson(context, one, again) {
  const { words, language, may } = { ...context, may: (act) => context.may(act) };
  const roles = roleNames(words);
  const facts = [
    [words.login_name, one.name],
    [words.role, roles[one.role]],
    [words.tenant, one.tenant === one.id ? words.tenant_own : one.tenant],
    [words.created, time(one.created_at, words, language)],
    [words.last_login, time(one.last_login_at, words, language)],
    [words.number, code(one.id)],
  ];
  const act = await dialog(
    context,
    one.display_name,
    (close) => {
      const list = el("dl", { className: "facts" }, ...facts.flatMap(([name, value]) => [el("dt", { textContent: name }), el("dd", {}, value)]));
      const sessions = el("div", { className: "sessions" });
      if (may("read sessions")) fill(sessions, words, () => context.api.get(`v1/people/${one.id}/sessions`), (found) => sessionLines(context, found.data));
      const tools = actionsOn(context, one).map(([text, work, kind]) => button(text, () => close(work), kind));
      return [list, sessions, el("div", { className: "stack" }, ...tools), el("div", { className: "dialog-tools" }, button(words.close, () => close()))];
    },
    { wide: true },
  );
  if (!act) return;
  try {
    if (await act()) again();
  } catch (error) {
    if (error.name !== "CancelledError") await dialog(context, words.failed, () => failure(error, words, () => {}));
  }
}

function sessionLines({ words, language }, sessions) {
  if (!sessions.length) return el("p", { className: "faint", textContent: words.sessions_none });
  const lines = sessions.map((one) => el("li", {}, `${one.address ?? "—"} · ${words.last_used} `, time(one.last_used_at, words, language)));
  return [el("h3", { textContent: words.sessions_open }), el("ul", { className: "plain" }, ...lines)];
}

/** [text, what it does, kind]: resolves with whether something has changed. */
function actionsOn(context, one) {
  const { words, api } = context;
  const address = `v1/people/${one.id}`;
  const named = (text) => text.replace("{name}", one.display_name);
  const sure = (title, text, submit, work) => () => confirm(context, title, named(text), submit, async () => (await work()) ?? true);
  const found = [];
  if (context.may("update people")) {
    found.push([
      words.reset_password,
      async () => {
        const made = await confirm(context, words.reset_password, named(words.reset_password_text), words.reset_password, () => api.change("POST", `${address}/password`));
        if (made) await showPassword(context, made);
        return Boolean(made);
      },
    ]);
    found.push([words.unlock, async () => Boolean(await api.change("POST", `${address}/unlock`))]);
    if (one.state === "disabled") found.push([words.enable, async () => Boolean(await api.change("POST", `${address}/enable`))]);
  }
  if (context.may("update roles")) found.push([words.grant_role, () => grantRole(context, one)]);
  if (context.may("delete factors") && one.has_totp) {
    found.push([words.remove_factor, sure(words.remove_factor, words.remove_factor_text, words.remove_factor, () => api.change("DELETE", `${address}/totp`)), "danger"]);
  }
  if (context.may("delete sessions")) {
    found.push([words.end_sessions, sure(words.end_sessions, words.end_sessions_text, words.end_sessions, () => api.change("DELETE", `${address}/sessions`)), "danger"]);
  }
  if (context.may("update people") && one.state === "active") {
    found.push([words.disable, sure(words.disable, words.disable_text, words.disable, () => api.change("POST", `${address}/disable`)), "danger"]);
  }
  return found;
}

function grantRole(context, one) {
  const { words, api } = context;
  const role = select("role", Object.entries(roleNames(words)), one.role);
  return form(context, words.grant_role, {
    text: words.grant_role_text.replace("{name}", one.display_name),
    fields: [[words.role, role]],
    submit: words.grant_role,
    onSubmit: () => api.change("PUT", `v1/people/${one.id}/role`, { role: role.value }),
  });
}
