/** Signs that only drone images show: proposed with a reason, and judged by an analyst. */

import { useEffect, useState } from "preact/hooks";
import { judgeSign, listFlightSigns, listLeadSigns } from "../api/calls";
import { ApiProblem, problemKey } from "../api/problem";
import type { Sign } from "../api/types";
import { percent, squareMetres } from "../domain/format";
import { language, LOCALES, say, t, word } from "../i18n";

interface Props {
  /** Of a flight... */
  flightId?: string;
  /** ...or at a lead. */
  leadId?: string;
  mayJudge: boolean;
  /** A judgement changes the lead's score. */
  onJudged?: () => void;
}

export function SignRows({ flightId, leadId, mayJudge, onJudged }: Props) {
  const [signs, setSigns] = useState<readonly Sign[] | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const failed = (error: unknown) =>
    setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));

  useEffect(() => {
    const control = new AbortController();
    const asked = flightId ? listFlightSigns(flightId, control.signal) : listLeadSigns(leadId ?? "", control.signal);
    asked.then(setSigns, (error: unknown) => control.signal.aborted || failed(error));
    return () => control.abort();
  }, [flightId, leadId]);

  async function judge(sign: Sign, confirmed: boolean) {
    setBusy(true);
    setProblem(null);
    try {
      const judged = await judgeSign(sign.sign_id, confirmed);
      setSigns((now) => (now ?? []).map((one) => (one.sign_id === judged.sign_id ? judged : one)));
      onJudged?.();
    } catch (error) {
      failed(error);
    }
    setBusy(false);
  }

  if (!signs?.length && !problem) return null;
  return (
    <section class="signs" aria-label={t("signs.title")}>
      <h3>{t("signs.title")}</h3>
      <p class="fine">{t("signs.what")}</p>
      {problem && (
        <p class="problem" role="alert">
          {t(problemKey(problem))}
        </p>
      )}
      <ul class="plain sign-rows">
        {signs?.map((one) => (
          <li key={one.sign_id} class={`sign ${one.state}`}>
            {one.has_picture && (
              <img src={`/api/signs/${one.sign_id}/picture.webp`} alt={word("sign_kind", one.kind)} loading="lazy" />
            )}
            <div>
              <p class="run-head">
                <strong>{t("lead.suspected", { class: word("sign_kind", one.kind) })}</strong>
                <span class={`run-state sign-${one.state}`}>{word("sign_state", one.state)}</span>
              </p>
              <p>{say(one.reason)}</p>
              <p class="fine">
                {t("unit.m2", { area: squareMetres(one.area_m2, LOCALES[language.get()]) })} ·{" "}
                {one.proposed_by ?? t("signs.score", { share: percent(one.score) })}
                {one.judged_by && ` · ${one.judged_by}`}
                {one.note && ` · ${one.note}`}
              </p>
              {mayJudge && one.state === "proposed" && (
                <p class="sign-tools">
                  <button type="button" class="primary" disabled={busy} onClick={() => judge(one, true)}>
                    {t("signs.confirm")}
                  </button>
                  <button type="button" disabled={busy} onClick={() => judge(one, false)}>
                    {t("signs.reject")}
                  </button>
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
