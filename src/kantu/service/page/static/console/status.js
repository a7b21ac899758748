// 模型与状态: how everything is, renewed every few seconds.

import { el } from "../dom.js";
import { failure } from "../lines.js";
import { badge, bytes, intro, meter, number, section, tile, time, waiting } from "./parts.js";

const EVERY_MS = 5000;

export function statusPage(context, signal) {
  const { words, api } = context;
  const place = el("div", {}, waiting(words, 6));
  const show = async () => {
    try {
      place.replaceChildren(...parts(context, await api.get("v1/status", {}, signal)));
    } catch (error) {
      if (error.name === "AbortError") return;
      place.replaceChildren(...failure(error, words, show));
    }
  };
  const timer = setInterval(() => document.hidden || show(), EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  show();
  return el("div", { className: "page" }, intro(words.status_text), place);
}

function parts(context, status) {
  const { words, language } = context;
  const overall = { ok: [words.status_ok, "good"], degraded: [words.status_degraded, "warn"], unavailable: [words.status_unavailable, "bad"] }[status.status];
  const head = el(
    "div",
    { className: `verdict ${overall[1]}` },
    el("span", { className: `icon icon-${overall[1] === "good" ? "check" : "warning"}`, "aria-hidden": "true" }),
    el("strong", { textContent: overall[0] }),
    el("p", {}, `Kantu ${status.version} · ${words.running_since} `, time(status.started_at, words, language)),
  );
  return [head, checks(context, status), ...status.models.map((model) => modelSection(context, model)), machine(context, status)];
}

function checks({ words }, { checks: found }) {
  const names = { service: words.check_service, model: words.check_model, queue: words.check_queue, database: words.check_database, disk: words.check_disk };
  const lines = Object.entries(found).map(([name, state]) => {
    const kind = state === "ok" ? "good" : ["low", "partial"].includes(state) ? "warn" : "bad";
    return el("li", {}, el("span", { textContent: names[name] ?? name }), badge(stateName(state, words), kind));
  });
  return section(words.checks, el("ul", { className: "lines side-by-side" }, ...lines));
}

function stateName(state, words) {
  const names = {
    ok: words.state_ok,
    ready: words.state_ok,
    low: words.state_low,
    full: words.state_full,
    partial: words.state_partial,
    loading: words.state_loading,
    draining: words.state_draining,
    unavailable: words.state_unavailable,
    unreachable: words.state_unavailable,
    unresponsive: words.state_unresponsive,
    restarting: words.state_restarting,
    failed: words.state_failed,
    closed: words.state_closed,
  };
  return names[state] ?? state;
}

function modelSection({ words, language }, { name, state, context_tokens: context, max_waiting: most, gauges, counters }) {
  const tiles = el(
    "div",
    { className: "tiles" },
    tile(words.running, number(gauges.running ?? 0, language)),
    tile(words.requests_done, number(counters.requests_finished ?? 0, language), counters.requests_failed ? `${words.requests_failed} ${number(counters.requests_failed, language)}` : ""),
    ...(context ? [tile(words.context, number(context, language), words.tokens)] : []),
    ...(counters.engine_restarts ? [tile(words.restarts, number(counters.engine_restarts, language))] : []),
  );
  const meters = [meter(words.waiting, gauges.waiting ?? 0, most, `${number(gauges.waiting ?? 0, language)} / ${number(most, language)}`)];
  if (gauges.kv_bytes) meters.push(meter(words.kv_cache, gauges.kv_used_bytes ?? 0, gauges.kv_bytes, `${bytes(gauges.kv_used_bytes ?? 0)} / ${bytes(gauges.kv_bytes)}`));
  const [used, free] = [gauges.device_memory_used_bytes, gauges.device_memory_free_bytes];
  if (used !== undefined && free !== undefined) meters.push(meter(words.device_memory, used, used + free, `${bytes(used)} / ${bytes(used + free)}`));
  const made = section(name, tiles, ...meters);
  made.querySelector("h2").append(" ", badge(stateName(state, words), state === "ready" ? "good" : "bad"));
  return made;
}

function machine({ words, language }, status) {
  const { memory_bytes: memory, max_memory_bytes: mostMemory, disk } = status;
  const meters = [meter(words.gateway_memory, memory, mostMemory, `${bytes(memory)} / ${bytes(mostMemory)}`)];
  if (disk) meters.push(meter(words.disk, disk.size_bytes - disk.free_bytes, disk.size_bytes, `${words.free} ${bytes(disk.free_bytes)} / ${bytes(disk.size_bytes)}`));
  const tiles = el(
    "div",
    { className: "tiles" },
    tile(words.in_flight, number(status.in_flight_requests, language)),
    tile(words.batches_queued, number(status.batches.queued ?? 0, language)),
    tile(words.batches_running, number(status.batches.running ?? 0, language)),
    tile(words.database, status.database),
  );
  return section(words.gateway, tiles, ...meters);
}
