// 审计: search, verify, export. Each of these is recorded, too.

import { el } from "../dom.js";
import { failure } from "../lines.js";
import { badge, button, code, field, intro, nothing, number, select, table, tableRow, textInput, waiting } from "./parts.js";

const PAGE = 50;

export function auditPage(context, signal) {
  const { words, api } = context;
  const place = el("div", { className: "found" });
  const verdict = el("div", { className: "verdict-place", role: "status" });
  const filters = searchForm(context, (query) => show(query));
  const show = async (query) => {
    place.replaceChildren(waiting(words, 6));
    try {
      const page = await api.get("v1/audit", { ...query, limit: PAGE }, signal);
      place.replaceChildren(...(page.data.length ? entries(context, page, query, signal) : [nothing(words.audit_none, words.audit_none_text)]));
    } catch (error) {
      if (error.name !== "AbortError") place.replaceChildren(...failure(error, words, () => show(query)));
    }
  };
  const verify = button(words.verify, () => check(context, verdict, verify), "primary");
  const exporting = [
    ["jsonl", words.export_jsonl],
    ["syslog", words.export_syslog],
  ].map(([format, text]) => {
    const made = button(text, async () => {
      made.disabled = true;
      try {
        await api.download("v1/audit/export", { ...filters.read(), format }, `kantu-audit.${format === "jsonl" ? "jsonl" : "log"}`);
      } catch (error) {
        if (error.name !== "CancelledError") verdict.replaceChildren(...failure(error, words, () => made.click()));
      } finally {
        made.disabled = false;
      }
    });
    return made;
  });
  show(filters.read());
  return el("div", { className: "page" }, intro(words.audit_text, verify, ...exporting), verdict, filters.element, place);
}

function searchForm({ words, acts }, onSearch) {
  const any = [["", words.anything]];
  const inputs = [
    [words.audit_action, select("action", [...any, ...Object.entries(acts.actions)])],
    [words.audit_resource, select("resource", [...any, ...Object.entries(acts.resources)])],
    [words.audit_result, select("result", [...any, ...Object.entries(results(words))])],
    [words.audit_actor, textInput("actor_id")],
    [words.audit_target, textInput("target_id")],
    [words.audit_request, textInput("request_id")],
    [words.audit_since, el("input", { type: "datetime-local", name: "since" })],
    [words.audit_until, el("input", { type: "datetime-local", name: "until" })],
  ];
  const element = el(
    "form",
    { className: "filters", role: "search" },
    ...inputs.map(([label, input]) => field(label, input)),
    el("div", { className: "filter-tools" }, button(words.search, null, "quiet", { type: "submit" }), button(words.clear, () => element.reset())),
  );
  element.setAttribute("aria-label", words.search);
  const read = () =>
    Object.fromEntries(
      inputs.map(([, { name, type, value }]) => [name, type === "datetime-local" && value ? new Date(value).toISOString() : value.trim()]),
    );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    onSearch(read());
  });
  element.addEventListener("reset", () => setTimeout(() => onSearch(read())));
  return { element, read };
}

function results(words) {
  return { ok: words.result_ok, refused: words.result_refused, failed: words.result_failed };
}

function kinds(words) {
  return { key: words.actor_key, person: words.actor_person, system: words.actor_system, anonymous: words.actor_anonymous };
}

function entries(context, page, query, signal) {
  const { words, api, acts, language } = context;
  const shown = { ok: [words.result_ok, "good"], refused: [words.result_refused, "warn"], failed: [words.result_failed, "bad"] };
  const columns = [
    [words.audit_number, (one) => el("span", { className: "figures-only", textContent: number(one.sequence, language) })],
    [words.audit_time, (one) => moment(one.time, language)],
    [words.audit_who, (one) => who(one, words)],
    [words.audit_what, (one) => el("span", { textContent: `${acts.actions[one.action] ?? one.action} · ${acts.resources[one.resource] ?? one.resource}` }), "first"],
    [words.audit_result, (one) => badge(...(shown[one.result] ?? [one.result]))],
    [words.audit_details, (one) => opener(one, columns.length, words), "last"],
  ];
  const made = table(words.page_audit, columns, page.data);
  if (!page.has_more) return [made];
  let last = page;
  const more = button(words.more, async () => {
    more.disabled = true;
    try {
      last = await api.get("v1/audit", { ...query, limit: PAGE, before: last.data.at(-1).sequence }, signal);
      made.querySelector("tbody").append(...last.data.map((one) => tableRow(columns, one)));
      more.hidden = !last.has_more;
    } catch (error) {
      if (error.name !== "AbortError") more.after(...failure(error, words, () => more.click()));
    } finally {
      more.disabled = false;
    }
  });
  return [made, el("div", { className: "after-table" }, more)];
}

function moment(text, language) {
  const shown = new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "medium" }).format(new Date(text));
  return el("time", { dateTime: text, title: text, textContent: shown });
}

function who(one, words) {
  const kind = kinds(words)[one.actor_kind] ?? one.actor_kind;
  const lines = [el("span", { textContent: kind })];
  if (one.actor_id) lines.push(code(one.actor_id));
  return el("div", { className: "two-lines" }, ...lines);
}

/** A button that shows the rest of an entry below its row. */
function opener(one, columns, words) {
  const made = button(words.audit_open, () => {
    const row = made.closest("tr");
    const isOpen = made.getAttribute("aria-expanded") === "true";
    if (isOpen) row.nextElementSibling.remove();
    else row.after(el("tr", { role: "row", className: "whole-row" }, el("td", { role: "cell", colSpan: columns }, facts(one, words))));
    made.setAttribute("aria-expanded", String(!isOpen));
  }, "link");
  made.setAttribute("aria-expanded", "false");
  made.setAttribute("aria-label", `${words.audit_open} ${one.sequence}`);
  return made;
}

function facts(one, words) {
  const found = [
    [words.audit_address, one.address],
    [words.role, one.role],
    [words.tenant, one.tenant],
    [words.audit_target, one.target_id],
    [words.audit_before, one.before],
    [words.audit_after, one.after],
    [words.audit_request, one.request_id],
    [words.audit_mac, one.mac],
  ].filter(([, value]) => value && value !== "{}");
  return el("dl", { className: "facts" }, ...found.flatMap(([name, value]) => [el("dt", { textContent: name }), el("dd", {}, code(value))]));
}

async function check(context, place, verify) {
  const { words, api, language } = context;
  verify.disabled = true;
  place.replaceChildren(el("div", { className: "callout" }, el("span", { className: "waiting", textContent: words.verifying })));
  try {
    const found = await api.change("POST", "v1/audit/verify");
    place.replaceChildren(verdictOf(found, words, language));
  } catch (error) {
    place.replaceChildren(...failure(error, words, () => check(context, place, verify)));
  } finally {
    verify.disabled = false;
  }
}

function verdictOf({ ok, checked, anchors, fault }, words, language) {
  if (ok) {
    const text = words.chain_good.replace("{checked}", number(checked, language)).replace("{anchors}", number(anchors, language));
    return el("div", { className: "verdict good" }, el("span", { className: "icon icon-check", "aria-hidden": "true" }), el("strong", { textContent: words.chain_good_title }), el("p", { textContent: text }));
  }
  const faults = {
    edited: words.fault_edited,
    deleted: words.fault_deleted,
    truncated: words.fault_truncated,
    reordered: words.fault_reordered,
    wrong_key: words.fault_wrong_key,
  };
  const text = `${faults[fault.kind] ?? fault.kind} ${words.fault_at.replace("{number}", number(fault.sequence, language))}`;
  return el("div", { className: "verdict bad", role: "alert" }, el("span", { className: "icon icon-warning", "aria-hidden": "true" }), el("strong", { textContent: words.chain_bad_title }), el("p", { textContent: text }));
}
