/** Which step takes the last one back, as the server's declared table allows it. */

import type { Action, Role, Status, Transition } from "../api/types";

export interface DoneStep {
  from: Status;
  to: Status;
}

/**
 * The step from `done.to` back to `done.from` that `role` may take without new facts: it needs no
 * field, or only a note, which the page can write itself.
 */
export function inverseOf(
  done: DoneStep,
  role: Role,
  transitions: readonly Transition[],
): Action | null {
  const found = transitions.find(
    (row) =>
      done.from !== done.to &&
      row.from_statuses.includes(done.to) &&
      row.to_status === done.from &&
      row.roles.includes(role) &&
      row.required.every((field) => field === "note"),
  );
  return found?.action ?? null;
}

/** Whether that step must carry a note. */
export function needsNote(action: Action, transitions: readonly Transition[]): boolean {
  return transitions.some((row) => row.action === action && row.required.includes("note"));
}
