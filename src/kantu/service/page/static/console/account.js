// 我的账号: password, second factor, sessions.

import { el } from "../dom.js";
import { confirm, dialog } from "./dialogs.js";
import { badge, button, fill, section, time } from "./parts.js";
import { enrolStep, passwordStep, recoveryCodes } from "./steps.js";

export function accountPage(context, signal) {
  const page = el("div", { className: "page narrow" });
  const show = async () => {
    const session = await context.api.get("v1/session", {}, signal);
    context.session = session;
    return session;
  };
  const again = () => fill(page, context.words, show, (session) => parts(context, session, again, signal));
  again();
  return page;
}

function parts(context, session, again, signal) {
  const { words } = context;
  const head = el(
    "div",
    { className: "person-head" },
    el("span", { className: "sign large", "aria-hidden": "true", textContent: [...session.display_name][0] }),
    el("div", {}, el("strong", { textContent: session.display_name }), el("small", { textContent: `${session.name} · ${session.role_name}` })),
  );
  const own = session.issuer ? [] : [password(context, session, again)];
  return [head, ...own, factor(context, session, again), sessions(context, session, signal)];
}

function password(context, session, again) {
  const { words, api } = context;
  const change = button(words.change_password, () =>
    dialog(context, words.change_password, (close) => [
      passwordStep(words, api, {
        name: session.name,
        onDone: () => {
          close();
          context.say(words.password_changed);
          again();
        },
      }),
    ]),
  );
  return section(words.password, el("p", { textContent: words.password_text }), el("div", { className: "actions" }, change));
}

function factor(context, session, again) {
  const { words, api } = context;
  if (!session.has_totp) {
    const enrol = button(
      words.enrol,
      async () => {
        let place;
        try {
          place = await enrolStep(words, api, { onDone: () => place.closest("dialog").close() });
        } catch (error) {
          if (error.name === "CancelledError") return;
          throw error;
        }
        await dialog(context, words.enrol_title, () => [place]);
        again();
      },
      "primary",
    );
    return section(words.factor, el("p", { textContent: words.factor_none }), el("div", { className: "actions" }, enrol));
  }
  const renew = button(words.renew_codes, async () => {
    const made = await confirm(context, words.renew_codes, words.renew_codes_text, words.renew_codes, () => api.change("POST", "v1/account/recovery-codes"));
    if (made) await dialog(context, words.renew_codes, (close) => recoveryCodes(words, made.recovery_codes, () => close()), { stubborn: true });
  });
  const remove = button(
    words.remove_own_factor,
    async () => {
      if (await confirm(context, words.remove_own_factor, words.remove_own_factor_text, words.remove_own_factor, () => api.change("DELETE", "v1/account/totp"))) again();
    },
    "danger",
  );
  const must = ["system", "security", "audit"].includes(session.role);
  return section(words.factor, el("p", {}, badge(words.enrolled, "good"), ` ${words.factor_text}`), el("div", { className: "actions" }, renew, ...(must ? [] : [remove])));
}

function sessions(context, session, signal) {
  const { words, api, language } = context;
  const place = el("div", {});
  const show = () =>
    fill(
      place,
      words,
      async () => (await api.get("v1/account/sessions", {}, signal)).data,
      (found) =>
        el(
          "ul",
          { className: "lines" },
          ...found.map((one) => {
            const here = one.id === session.id;
            const end = button(words.end_session, async () => {
              await api.change("DELETE", `v1/account/sessions/${one.id}`);
              show();
            });
            const told = el("span", {}, `${one.address ?? "—"} · ${words.last_used} `, time(one.last_used_at, words, language));
            return el("li", {}, told, here ? badge(words.this_one, "accent") : end);
          }),
        ),
    );
  show();
  return section(words.my_sessions, place);
}
