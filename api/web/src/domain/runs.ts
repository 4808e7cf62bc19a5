/** Runs and their jobs: how far, how long still, and how soon to ask again. */

import type { Job, Progress } from "../api/types";

const SOON_MS = 3_000;
const LATER_MS = 30_000;

/** Whether it may still move without anybody asking for it. */
export const isOpen = (job: Pick<Job, "state">): boolean =>
  job.state === "queued" || job.state === "leased";

/** Milliseconds until the list is asked for again. */
export const askAgainAfter = (jobs: readonly Pick<Job, "state">[]): number =>
  jobs.some(isOpen) ? SOON_MS : LATER_MS;

/** Share of the pixels that are done, 0 to 1; never whole before the run is. */
export function shareDone(progress: Progress): number {
  if (!progress.pixels) return 0;
  return Math.min(progress.pixels_done / progress.pixels, progress.stage === "filing" ? 1 : 0.999);
}

/** Tiles nobody has looked at yet. */
export const tilesLeft = (progress: Progress): number =>
  Math.max(0, progress.tiles - progress.tiles_done - progress.tiles_set_aside);

export interface Duration {
  hours: number;
  minutes: number;
  seconds: number;
}

/** Seconds as hours, minutes and seconds, rounded to the second. */
export function durationOf(seconds: number): Duration {
  const whole = Math.max(0, Math.round(seconds));
  return { hours: Math.floor(whole / 3600), minutes: Math.floor(whole / 60) % 60, seconds: whole % 60 };
}

/** Counts by code, the most frequent first. */
export const byCount = (counts: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(counts).sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
