/** Coverage of the districts one may see, and the passes that came in. */

import { useEffect, useState } from "preact/hooks";
import { listCoverage, listPasses, listWatches } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { Coverages, Pass, Watch } from "../api/types";

export interface PassList {
  coverage: Coverages | null;
  watches: readonly Watch[];
  passes: readonly Pass[];
  waiting: boolean;
  problem: ApiProblem | null;
  more: boolean;
  loadMore: () => void;
  reload: () => void;
}

/** `ledger`: whether passes may be read, not only what was seen. */
export function usePasses(ledger: boolean, watch: string | null): PassList {
  const [coverage, setCoverage] = useState<Coverages | null>(null);
  const [watches, setWatches] = useState<readonly Watch[]>([]);
  const [page, setPage] = useState<{ passes: readonly Pass[]; next: string | null }>({ passes: [], next: null });
  const [waiting, setWaiting] = useState(true);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [asked, setAsked] = useState(0);

  const failed = (error: unknown) =>
    setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));

  useEffect(() => {
    const control = new AbortController();
    const questions: Promise<unknown>[] = [listCoverage(control.signal).then(setCoverage)];
    if (ledger) questions.push(listWatches(control.signal).then(setWatches));
    Promise.all(questions).then(
      () => setProblem(null),
      (error: unknown) => control.signal.aborted || failed(error),
    ).finally(() => control.signal.aborted || setWaiting(false));
    return () => control.abort();
  }, [ledger, asked]);

  useEffect(() => {
    if (!ledger) return;
    const control = new AbortController();
    listPasses(watch, null, control.signal).then(setPage, (error: unknown) => control.signal.aborted || failed(error));
    return () => control.abort();
  }, [ledger, watch, asked]);

  async function loadMore() {
    if (!page.next) return;
    try {
      const next = await listPasses(watch, page.next);
      setPage((now) => ({ passes: [...now.passes, ...next.passes], next: next.next }));
    } catch (error) {
      failed(error);
    }
  }

  return {
    coverage,
    watches,
    passes: page.passes,
    waiting,
    problem,
    more: page.next !== null,
    loadMore: () => void loadMore(),
    reload: () => setAsked((n) => n + 1),
  };
}
