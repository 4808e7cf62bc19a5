/** Jobs and filed runs, asked for again and again: often while something is under way. */

import { useEffect, useRef, useState } from "preact/hooks";
import { listJobs, listRuns } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { Job, Run } from "../api/types";
import { askAgainAfter } from "../domain/runs";

export interface RunList {
  jobs: readonly Job[];
  runs: readonly Run[];
  /** Whether the first answer is still to come. */
  waiting: boolean;
  problem: ApiProblem | null;
  more: boolean;
  loadMore: () => void;
  reload: () => void;
  /** Counts up with every answer, for what is shown beside the list. */
  round: number;
}

interface Filed {
  runs: readonly Run[];
  next: string | null;
}

export function useRuns(): RunList {
  const [jobs, setJobs] = useState<readonly Job[]>([]);
  const [filed, setFiled] = useState<Filed>({ runs: [], next: null });
  const [waiting, setWaiting] = useState(true);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [round, setRound] = useState(0);
  const [asked, setAsked] = useState(0);
  const shown = useRef<Filed>(filed);
  shown.current = filed;

  useEffect(() => {
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;

    async function ask() {
      let wait = askAgainAfter([]);
      try {
        const [open, first] = await Promise.all([
          listJobs(control.signal),
          listRuns(null, control.signal),
        ]);
        setJobs(open);
        setFiled(merged(shown.current, first));
        setProblem(null);
        wait = askAgainAfter(open);
      } catch (error) {
        if (control.signal.aborted) return;
        setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));
      }
      setWaiting(false);
      setRound((n) => n + 1);
      timer = setTimeout(ask, wait);
    }

    void ask();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [asked]);

  async function loadMore() {
    if (!filed.next) return;
    try {
      const page = await listRuns(filed.next);
      setFiled((now) => ({ runs: [...now.runs, ...page.runs], next: page.next }));
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));
    }
  }

  return {
    jobs,
    runs: filed.runs,
    waiting,
    problem,
    more: filed.next !== null,
    loadMore: () => void loadMore(),
    reload: () => setAsked((n) => n + 1),
    round,
  };
}

/** The first page anew, and below it what was loaded of later ones. */
function merged(before: Filed, first: Filed): Filed {
  const fresh = new Set(first.runs.map((run) => run.run_id));
  const older = before.runs.filter((run) => !fresh.has(run.run_id));
  const reaches = before.runs.some((run) => fresh.has(run.run_id));
  if (!older.length || !reaches) return first;
  return { runs: [...first.runs, ...older], next: before.next };
}
