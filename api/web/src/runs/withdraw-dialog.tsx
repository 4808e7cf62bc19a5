/** Taking a run back: what it means, why, and a box to tick before it can be sent. */

import { useState } from "preact/hooks";
import { withdrawRun } from "../api/calls";
import { ApiProblem, problemKey } from "../api/problem";
import type { RunDetail } from "../api/types";
import { t } from "../i18n";
import { Dialog } from "../ui/dialog";
import { number } from "./words";

interface Props {
  run: RunDetail;
  onDone: (run: RunDetail) => void;
  /** Somebody else withdrew it before. */
  onTaken: (problem: ApiProblem) => void;
  onClose: () => void;
}

const MOST_REASON = 2000;

export function WithdrawDialog({ run, onDone, onTaken, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);

  async function send(event: SubmitEvent) {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem(null);
    try {
      onDone(await withdrawRun(run.run_id, String(given.get("reason"))));
    } catch (error) {
      const problem = error instanceof ApiProblem ? error : new ApiProblem(0, "internal", "");
      if (problem.code === "conflict") return onTaken(problem);
      setBusy(false);
      setProblem(problem);
    }
  }

  const count = number(Number(run.summary["leads"] ?? 0));
  return (
    <Dialog title={t("runs.withdraw_title", { before: run.date_before, after: run.date_after })} onClose={onClose}>
      <form class="step-form" onSubmit={send}>
        <div class="note">
          <p>{t("runs.withdraw_what", { count })}</p>
          <p>{t("runs.withdraw_kept")}</p>
          <p>{t("runs.withdraw_stays")}</p>
        </div>
        <label>
          {t("runs.reason")}
          <textarea name="reason" rows={3} maxLength={MOST_REASON} required />
        </label>
        <label class="check strong-check">
          <input type="checkbox" name="sure" required />
          {t("runs.withdraw_sure")}
        </label>
        {problem && (
          <p class="problem" role="alert">
            {t(problemKey(problem))}
          </p>
        )}
        <div class="dialog-tools">
          <button type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button type="submit" class="danger" disabled={busy}>
            {t("runs.withdraw")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
