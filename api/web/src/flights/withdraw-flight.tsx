/** Taking a flight back: what it means, and why. */

import { useState } from "preact/hooks";
import { withdrawFlight } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { FlightDetail } from "../api/types";
import { t } from "../i18n";
import { Dialog } from "../ui/dialog";
import { ProblemLine } from "../ui/problem-line";

interface Props {
  flight: FlightDetail;
  onDone: () => void;
  onClose: () => void;
}

export function WithdrawFlight({ flight, onDone, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);

  async function send(event: SubmitEvent) {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem(null);
    try {
      await withdrawFlight(flight.flight_id, String(given.get("reason")));
      onDone();
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));
      setBusy(false);
    }
  }

  return (
    <Dialog title={t("flights.withdraw_title", { name: flight.name })} onClose={onClose}>
      <form class="step-form" onSubmit={send}>
        <p class="note">{t("flights.withdraw_what")}</p>
        <label>
          {t("runs.reason")}
          <textarea name="reason" rows={3} maxLength={2000} required />
        </label>
        <ProblemLine problem={problem} />
        <div class="dialog-tools">
          <button type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button type="submit" class="danger" disabled={busy}>
            {t("flights.withdraw")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
