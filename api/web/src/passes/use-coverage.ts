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
export function usePasses(ledger: boolean): PassList {
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
    listPasses(null, control.signal).then(setPage, (error: unknown) => control.signal.aborted || failed(error));
    return () => control.abort();
  }, [ledger, asked]);

  async function loadMore() {
    const cursor = page.next;
    if (!cursor) return;
    try {
      const next = await listPasses(cursor);
      // asked twice, or the list was loaded anew meanwhile: the page is there, or belongs to another
      setPage((now) => (now.next === cursor ? { passes: [...now.passes, ...next.passes], next: next.next } : now));
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
