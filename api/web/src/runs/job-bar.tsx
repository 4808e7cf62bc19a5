/** How far a job is: the bar, rate, time left, and what went wrong by kind. */

import type { Job } from "../api/types";
import { percent } from "../domain/format";
import { byCount, isOpen, shareDone } from "../domain/runs";
import { t } from "../i18n";
import { durationText, number, rateText, stageName } from "./words";

export function JobBar({ job }: { job: Job }) {
  const progress = job.progress;
  if (!progress || job.state === "done") return null;
  const share = shareDone(progress);
  const moves = job.state === "leased" && !job.stalled;
  const told = [
    t("runs.tiles_of", { done: number(progress.tiles_done), all: number(progress.tiles) }),
    moves && progress.stage !== "tiles" ? stageName(progress.stage) : "",
    moves && progress.megapixels_per_second !== null ? rateText(progress.megapixels_per_second) : "",
    moves && progress.seconds_left !== null
      ? t("runs.left", { time: durationText(progress.seconds_left) })
      : "",
  ].filter(Boolean);
  return (
    <span class="job-bar">
      <span class="job-bar-line">
        <progress value={share} max={1} class={isOpen(job) ? "" : "over"} aria-label={t("runs.progress")} />
        <strong>{percent(share)}</strong>
      </span>
      <span class="run-line">
        <span>{told.join(" · ")}</span>
      </span>
      <Errors errors={progress.errors} aside={progress.tiles_set_aside} />
    </span>
  );
}

function Errors({ errors, aside }: { errors: Readonly<Record<string, number>>; aside: number }) {
  const kinds = byCount(errors);
  if (!kinds.length && !aside) return null;
  return (
    <span class="marks">
      {aside > 0 && <span class="zone-mark bad">{t("runs.aside", { count: number(aside) })}</span>}
      {kinds.map(([kind, count]) => (
        <span key={kind} class="zone-mark mono" title={t("runs.errors")}>
          {kind} × {number(count)}
        </span>
      ))}
    </span>
  );
}
