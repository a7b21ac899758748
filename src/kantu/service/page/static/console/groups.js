// 限额组: people who use one quota together.

import { el } from "../dom.js";
import { confirm, dialog, form } from "./dialogs.js";
import { limitFields, limitTexts } from "./limits.js";
import { button, everything, fill, intro, listing, select, table, textInput, twoLines } from "./parts.js";

export function groupsPage(context, signal) {
  const { words, api } = context;
  const load = () => everything(api, "v1/groups", signal);
  const render = (groups, again) => groupsTable(context, groups, again);
  const { place, show } = listing(words, load, render, [words.groups_none, words.groups_none_text]);
  const create = button(words.groups_create, () => writeGroup(context, null, show), "primary");
  return el("div", { className: "page" }, intro(words.groups_text, create), place);
}

function groupsTable(context, groups, again) {
  const { words, language } = context;
  const columns = [
    [words.group_name, (group) => twoLines(group.name, group.tenant), "first"],
    [words.key_limits, (group) => limits(group, words, language)],
    [
      words.actions,
      (group) => {
        const people = button(words.group_people, () => showPeople(context, group));
        const change = button(words.change, () => writeGroup(context, group, again));
        const remove = button(words.delete, () => deleteGroup(context, group, again), "danger");
        for (const one of [people, change, remove]) one.setAttribute("aria-label", `${one.textContent} ${group.name}`);
        return el("div", { className: "actions" }, people, change, remove);
      },
      "last",
    ],
  ];
  return table(words.page_groups, columns, groups);
}

function limits(group, words, language) {
  const texts = limitTexts(group.limits, words, language);
  if (!texts.length) return el("span", { className: "faint", textContent: words.unlimited });
  return el("ul", { className: "plain" }, ...texts.map((text) => el("li", { textContent: text })));
}

/** Makes a group, or changes one. */
async function writeGroup(context, group, again) {
  const { words, api } = context;
  const name = textInput("name", { required: true, value: group?.name ?? "" });
  const tenant = textInput("tenant", { required: true });
  const quota = limitFields(words, group?.limits);
  const title = group ? words.groups_change : words.groups_create;
  const written = await form(context, title, {
    wide: true,
    fields: [[words.group_name, name], ...(group ? [] : [[words.tenant, tenant, words.group_tenant_hint]]), quota.element],
    submit: group ? words.change : words.create,
    onSubmit: () => {
      const body = { name: name.value.trim(), limits: quota.read() };
      if (group) return api.change("PUT", `v1/groups/${group.id}`, body);
      return api.change("POST", "v1/groups", { ...body, tenant: tenant.value.trim() });
    },
  });
  if (written) again();
}

async function deleteGroup(context, group, again) {
  const { words, api } = context;
  const work = async () => {
    await api.change("DELETE", `v1/groups/${group.id}`);
    return true;
  };
  if (await confirm(context, words.groups_delete, words.groups_delete_text.replace("{name}", group.name), words.delete, work)) again();
}

/** Who is in a group, to be taken out, and who else of its tenant could be put in. */
function showPeople(context, group) {
  const { words, api } = context;
  const address = `v1/groups/${group.id}/people`;
  const place = el("div", {});
  const notice = el("div", { className: "notice", role: "alert" });
  const show = () =>
    fill(
      place,
      words,
      async () => [(await api.get(address)).data, await everything(api, "v1/people")],
      ([inside, people]) => [peopleInside(words, inside, move), putIn(words, others(people, inside, group), move)],
    );
  const move = async (method, id) => {
    notice.textContent = "";
    try {
      await api.change(method, `${address}/${id}`, method === "PUT" ? {} : undefined);
      show();
    } catch (error) {
      if (error.name !== "CancelledError") notice.textContent = error.message;
    }
  };
  show();
  const title = words.group_people_of.replace("{name}", group.name);
  const body = (close) => [place, notice, el("div", { className: "dialog-tools" }, button(words.close, () => close()))];
  return dialog(context, title, body, { wide: true });
}

function others(people, inside, group) {
  const ids = new Set(inside.map(({ id }) => id));
  return people.filter(({ id, tenant }) => tenant === group.tenant && !ids.has(id));
}

function peopleInside(words, inside, move) {
  if (!inside.length) return el("p", { className: "faint", textContent: words.group_empty });
  const columns = [
    [words.person, (one) => twoLines(one.display_name, one.name), "first"],
    [
      words.actions,
      (one) => {
        const out = button(words.take_out, () => move("DELETE", one.id));
        out.setAttribute("aria-label", `${words.take_out} ${one.name}`);
        return out;
      },
      "last",
    ],
  ];
  return table(words.group_people, columns, inside);
}

function putIn(words, people, move) {
  if (!people.length) return el("p", { className: "faint", textContent: words.group_nobody_else });
  const who = select("person", people.map(({ id, name, display_name }) => [id, `${display_name} · ${name}`]));
  who.setAttribute("aria-label", words.person);
  return el("div", { className: "actions" }, who, button(words.put_in, () => move("PUT", who.value), "primary"));
}
