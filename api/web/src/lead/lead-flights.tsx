/** A lead's flights: asking for one, how far it is, and what a drone saw there. */

import { useEffect, useState } from "preact/hooks";
import { askForFlight, listLeadMissions } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { LeadDetail, Me, Mission } from "../api/types";
import { MissionRows } from "../flights/mission-rows";
import { SignRows } from "../flights/sign-rows";
import { t } from "../i18n";
import { ProblemLine } from "../ui/problem-line";

interface Props {
  me: Me;
  lead: LeadDetail;
  /** The lead has another score or history now. */
  onChange: () => void;
}

export function LeadFlights({ me, lead, onChange }: Props) {
  const [missions, setMissions] = useState<readonly Mission[]>([]);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const [round, setRound] = useState(0);
  const failed = (error: unknown) =>
    setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));
  const mayAsk = me.rights.includes("missions");
  const isOpen = missions.some((one) => one.state === "asked");

  useEffect(() => {
    if (!mayAsk) return;
    const control = new AbortController();
    listLeadMissions(lead.lead_id, control.signal).then(
      setMissions,
      (error: unknown) => control.signal.aborted || failed(error),
    );
    return () => control.abort();
  }, [lead.lead_id, lead.version, mayAsk, round]);

  function changed() {
    setRound((n) => n + 1);
    onChange();
  }

  async function ask() {
    setBusy(true);
    setProblem(null);
    try {
      await askForFlight(lead.lead_id);
      changed();
    } catch (error) {
      failed(error);
    }
    setBusy(false);
  }

  return (
    <section class="lead-flights" aria-label={t("lead.flights")}>
      <h3>{t("lead.flights")}</h3>
      {missions.length > 0 && <MissionRows me={me} missions={missions} onChange={changed} />}
      <ProblemLine problem={problem} />
      {mayAsk && !isOpen && (
        <button type="button" disabled={busy} onClick={ask}>
          {t("lead.ask_flight")}
        </button>
      )}
      <SignRows leadId={lead.lead_id} mayJudge={me.rights.includes("review")} onJudged={onChange} />
    </section>
  );
}
