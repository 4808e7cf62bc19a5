/** The run or job that is open, read again whenever the list is. */

import { useEffect, useState } from "preact/hooks";
import { readJob, readRun } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { JobDetail, RunDetail } from "../api/types";
import { isOpen } from "../domain/runs";
import type { Opened } from "../route";

export interface Read {
  run: RunDetail | null;
  job: JobDetail | null;
  problem: ApiProblem | null;
}

const NOTHING: Read = { run: null, job: null, problem: null };

/** `round` changes with every answer of the list; what can no longer move is not read again. A filed
 * run can: somebody else may withdraw it. */
export function useOpened(opened: Opened | null, round: number): [Read, (run: RunDetail) => void] {
  const [read, setRead] = useState<Read>(NOTHING);
  const same = opened !== null && (read.run?.run_id ?? read.job?.job_id) === opened.id;
  const settled = same && (Boolean(read.run?.withdrawal) || (read.job !== null && !isOpen(read.job)));

  useEffect(() => {
    if (!opened || settled) return;
    if (!same) setRead(NOTHING);
    const control = new AbortController();
    const asked: Promise<Read> =
      opened.kind === "run"
        ? readRun(opened.id, control.signal).then((run) => ({ ...NOTHING, run }))
        : readJob(opened.id, control.signal).then((job) => ({ ...NOTHING, job }));
    asked.then(setRead, (error: unknown) => {
      if (control.signal.aborted) return;
      const problem = error instanceof ApiProblem ? error : new ApiProblem(0, "internal", "");
      setRead((now) => ({ ...now, problem }));
    });
    return () => control.abort();
  }, [opened?.kind, opened?.id, settled ? 0 : round]);

  return [read, (run) => setRead({ ...NOTHING, run })];
}
