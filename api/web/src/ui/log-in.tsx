/** Logging in. */

import { useState } from "preact/hooks";
import { logIn } from "../api/calls";
import { ApiProblem, problemKey } from "../api/problem";
import { t, type Key } from "../i18n";
import { ranOut, session } from "../session";
import { useStore } from "../store";
import { LanguageSwitch } from "./language-switch";

export function LogIn() {
  const late = useStore(ranOut);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Key | null>(null);

  async function send(event: SubmitEvent) {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem(null);
    try {
      const me = await logIn(String(given.get("account")).trim(), String(given.get("password")));
      ranOut.set(false);
      session.set(me);
    } catch (error) {
      setBusy(false);
      setProblem(keyOf(error));
    }
  }

  return (
    <main class="log-in">
      <form class="log-in-card" onSubmit={send}>
        <div class="log-in-head">
          <img src="/favicon.svg" alt="" width="40" height="40" />
          <div>
            <h1>{t("app.name")}</h1>
            <p>{t("app.subtitle")}</p>
          </div>
        </div>
        {late && !problem && <p class="note">{t("log_in.ran_out")}</p>}
        {problem && (
          <p class="problem" role="alert">
            {t(problem)}
          </p>
        )}
        <label>
          {t("log_in.account")}
          <input name="account" autocomplete="username" maxLength={64} required autoFocus />
        </label>
        <label>
          {t("log_in.password")}
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            maxLength={256}
            required
          />
        </label>
        <button class="primary" type="submit" disabled={busy}>
          {busy ? t("log_in.busy") : t("log_in.send")}
        </button>
        <p class="fine">{t("log_in.logged")}</p>
      </form>
      <LanguageSwitch />
    </main>
  );
}

function keyOf(error: unknown): Key {
  if (!(error instanceof ApiProblem)) return "problem.internal";
  return error.code === "login" ? "log_in.refused" : problemKey(error);
}
