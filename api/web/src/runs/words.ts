/** Words of runs: stages, durations, rates, counts. */

import type { Job } from "../api/types";
import { byCount, durationOf } from "../domain/runs";
import { language, LOCALES, t, word, type Key } from "../i18n";

const STAGES: Readonly<Record<string, Key>> = {
  survey: "runs.stage.survey",
  tiles: "runs.stage.tiles",
  crossing: "runs.stage.crossing",
  filing: "runs.stage.filing",
};

export function stageName(stage: string): string {
  const key = STAGES[stage];
  return key ? t(key) : stage;
}

export function durationText(total: number): string {
  const { hours, minutes, seconds } = durationOf(total);
  if (hours) return t("runs.duration.hours", { hours, minutes });
  return minutes ? t("runs.duration.minutes", { minutes, seconds }) : t("runs.duration.seconds", { seconds });
}

export const rateText = (rate: number): string => t("runs.rate_value", { rate: number(rate, 2) });

/** Where a job is; one whose worker is gone, or that is to end, is told apart. */
export function stateName(job: Job): string {
  if (job.stalled) return t("runs.stalled");
  if (job.cancel_asked && job.state === "leased") return t("runs.ending");
  return word("job_state", job.state);
}

/** Counts by code in words: `new place 3, seen again 2`. */
export function countsText(section: string, counts: Readonly<Record<string, number>>): string {
  return byCount(counts)
    .map(([code, count]) => `${word(section, code)} ${count}`)
    .join(t("list.comma"));
}

export const number = (value: number, digits = 0): string =>
  value.toLocaleString(LOCALES[language.get()], { maximumFractionDigits: digits });
