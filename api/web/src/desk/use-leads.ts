/** The list of leads, page by page. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { countLeads, listLeads } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { LeadSummary } from "../api/types";
import { queryOf, searchOf, type Filters } from "../domain/filters";

export interface LeadList {
  leads: readonly LeadSummary[];
  /** Whether there are more. */
  more: boolean;
  /** How many in all, as text (`10000+` where counting stopped); null while it is counted. */
  count: string | null;
  busy: boolean;
  problem: ApiProblem | null;
  loadMore: () => void;
  reload: () => void;
  /** Put a lead's newer state in its place. */
  patch: (lead: LeadSummary) => void;
}

interface Loaded {
  leads: readonly LeadSummary[];
  next: string | null;
}

const NOTHING: Loaded = { leads: [], next: null };

export function useLeads(filters: Filters): LeadList {
  const [loaded, setLoaded] = useState<Loaded>(NOTHING);
  const [count, setCount] = useState<string | null>(null);
  const [busy, setBusy] = useState(true);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [round, setRound] = useState(0);
  const asked = useRef<AbortController | null>(null);
  const question = searchOf(filters);

  const ask = useCallback(
    (cursor: string | null, before: readonly LeadSummary[]) => {
      asked.current?.abort();
      const control = new AbortController();
      asked.current = control;
      setBusy(true);
      listLeads({ ...queryOf(filters), cursor }, control.signal).then(
        (page) => {
          setLoaded({ leads: [...before, ...page.leads], next: page.next_cursor });
          setBusy(false);
          setProblem(null);
        },
        (error: unknown) => {
          if (control.signal.aborted) return;
          setBusy(false);
          setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));
        },
      );
    },
    [question],
  );

  useEffect(() => {
    setLoaded(NOTHING);
    setCount(null);
    ask(null, []);
    const control = new AbortController();
    const { order: _, ...counted } = queryOf(filters);
    countLeads(counted, control.signal).then(
      (found) => setCount(found.leads < found.at_most ? `${found.leads}` : `${found.at_most}+`),
      () => undefined, // the list itself says what is wrong
    );
    return () => control.abort();
  }, [question, round]);

  useEffect(() => () => asked.current?.abort(), []);

  const patch = useCallback((lead: LeadSummary) => {
    const newer = (one: LeadSummary) => (one.lead_id === lead.lead_id ? lead : one);
    setLoaded((now) => ({ ...now, leads: now.leads.map(newer) }));
  }, []);

  return {
    leads: loaded.leads,
    more: loaded.next !== null,
    count,
    busy,
    problem,
    loadMore: () => loaded.next && !busy && ask(loaded.next, loaded.leads),
    reload: () => setRound((n) => n + 1),
    patch,
  };
}
