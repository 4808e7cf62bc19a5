/** Taking steps: waits for the server's answer, tells it in words, knows the way back. */

import { useCallback, useRef, useState } from "preact/hooks";
import { claimNext, takeStep } from "../api/calls";
import { ApiProblem, problemKey } from "../api/problem";
import type { Action, LeadSummary, Me, Step, Taken } from "../api/types";
import { inverseOf, needsNote } from "../domain/undo";
import { t, word } from "../i18n";
import { vocabulary } from "../session";
import type { Told } from "../ui/notice";

interface Hooks {
  /** A lead changed. */
  changed: (lead: LeadSummary) => void;
  /** What is shown is out of date. */
  outdated: () => void;
  /** A candidate was claimed. */
  claimed: (lead: LeadSummary) => void;
}

export interface Steps {
  busy: boolean;
  told: Told | null;
  /** What went wrong in a way that typing again or waiting may mend: the dialog stays open. */
  mendable: ApiProblem | null;
  /** Resolves to whether it was done. */
  take: (lead: LeadSummary, etag: string, body: Step) => Promise<boolean>;
  claimNext: (district: string) => Promise<void>;
  undo: () => void;
  clear: () => void;
}

const MENDABLE = new Set(["input", "too_large", "store", "network"]);
const OUTDATED = new Set(["stale", "transition", "conflict", "not_found", "forbidden"]);

export function useSteps(me: Me, hooks: Hooks): Steps {
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<Told | null>(null);
  const [mendable, setMendable] = useState<ApiProblem | null>(null);
  const under = useRef(false);
  const back = useRef<(() => void) | null>(null);

  const guarded = useCallback(async (work: () => Promise<void>): Promise<boolean> => {
    if (under.current) return false; // a key pressed twice is one step
    under.current = true;
    setBusy(true);
    setTold(null);
    setMendable(null);
    try {
      await work();
      return true;
    } catch (error) {
      const problem = error instanceof ApiProblem ? error : new ApiProblem(0, "internal", "");
      if (MENDABLE.has(problem.code)) setMendable(problem);
      if (OUTDATED.has(problem.code)) hooks.outdated();
      setTold({ text: t(problemKey(problem)), detail: problem.detail, bad: true });
      return false;
    } finally {
      under.current = false;
      setBusy(false);
    }
  }, []);

  const done = (before: LeadSummary, action: Action, taken: Taken) => {
    hooks.changed(taken.lead);
    const rows = vocabulary.get()?.transitions ?? [];
    const inverse = inverseOf({ from: before.status, to: taken.lead.status }, me.role, rows);
    back.current = inverse
      ? () => {
          const note = needsNote(inverse, rows) ? { note: t("undo.note") } : {};
          void take(taken.lead, `"${taken.lead.version}"`, { action: inverse, ...note });
        }
      : null;
    const values = { spot: taken.lead.spot_code, action: word("action", action) };
    setTold({
      text: t("done.step", values),
      bad: false,
      ...(back.current ? { undo: back.current } : {}),
    });
  };

  const take = (lead: LeadSummary, etag: string, body: Step) =>
    guarded(async () => done(lead, body.action, await takeStep(lead.lead_id, etag, body)));

  const next = async (district: string) => {
    const failed = !(await guarded(async () => {
      const taken = await claimNext(district ? [district] : []);
      done({ ...taken.lead, status: "candidate" }, "claim", taken);
      hooks.claimed(taken.lead);
    }));
    if (failed) setTold((now) => (now?.text === t("problem.not_found") ? NONE_LEFT() : now));
  };

  return {
    busy,
    told,
    mendable,
    take,
    claimNext: next,
    undo: () => back.current?.(),
    clear: () => {
      setTold(null);
      setMendable(null);
    },
  };
}

const NONE_LEFT = (): Told => ({ text: t("review.none_left"), bad: false });
