/** Watches, and the ledger: every acquisition that was found and what became of it. */

import type { Pass, Watch } from "../api/types";
import { instant, percent } from "../domain/format";
import { language, LOCALES, t, word } from "../i18n";
import { number } from "../runs/words";

export function WatchRows({ watches }: { watches: readonly Watch[] }) {
  if (!watches.length) return <p class="fine">{t("passes.no_watch")}</p>;
  return (
    <ul class="plain run-rows" aria-label={t("passes.watches")}>
      {watches.map((watch) => (
        <li key={watch.watch} class="run-row">
          <span class="run-head">
            <strong>{watch.watch}</strong>
            <span class={`run-state ${watch.failures ? "failed" : "done"}`}>
              {watch.failures ? t("passes.failing", { times: number(watch.failures) }) : t("passes.well")}
            </span>
          </span>
          <span class="run-line">
            <span>{t("passes.every", { source: watch.source, hours: number(watch.every_hours, 1) })}</span>
            <span>
              {watch.succeeded_at ? t("passes.last_look", { at: at(watch.succeeded_at) }) : t("passes.no_look")}
            </span>
          </span>
          {watch.error && <span class="run-error">{watch.error}</span>}
        </li>
      ))}
    </ul>
  );
}

export function PassRows({ passes }: { passes: readonly Pass[] }) {
  if (!passes.length) return <p class="fine">{t("passes.none")}</p>;
  return (
    <ul class="plain run-rows" aria-label={t("passes.ledger")}>
      {passes.map((one) => (
        <li key={one.pass_id} class="run-row pass-row">
          <span class="run-head">
            <strong>{at(one.acquired)}</strong>
            <span class={`run-state pass-${one.state}`}>{word("pass_state", one.state)}</span>
          </span>
          <span class="run-line">
            <span>
              {word("kind", one.kind)} · {word("pass_role", one.role)} · {one.watch}
            </span>
            {one.clear_share !== null && <span>{t("passes.clear", { share: percent(one.clear_share) })}</span>}
          </span>
          <span class="fine pass-name">{one.identifier}</span>
          {one.reason && <span class="pass-reason">{one.reason}</span>}
        </li>
      ))}
    </ul>
  );
}

const at = (moment: string): string => instant(moment, LOCALES[language.get()]);
