/** The open lead, with the version that was seen. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { readLead, type SeenLead } from "../api/calls";
import { ApiProblem } from "../api/problem";

export interface OpenLead {
  seen: SeenLead | null;
  problem: ApiProblem | null;
  reload: () => void;
}

export function useLead(leadId: string | null): OpenLead {
  const [seen, setSeen] = useState<SeenLead | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [round, setRound] = useState(0);

  useEffect(() => {
    setProblem(null);
    if (!leadId) {
      setSeen(null);
      return;
    }
    const control = new AbortController();
    readLead(leadId, control.signal).then(setSeen, (error: unknown) => {
      if (control.signal.aborted) return;
      setSeen(null);
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));
    });
    return () => control.abort();
  }, [leadId, round]);

  const reload = useCallback(() => setRound((n) => n + 1), []);
  // what is kept of another lead is never shown under this one's address
  return { seen: seen?.lead.lead_id === leadId ? seen : null, problem, reload };
}
