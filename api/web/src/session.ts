/** Who is logged in, and the names of all codes, which come with the log-in. */

import type { Me, Vocabulary } from "./api/types";
import { createStore } from "./store";

/** `undefined` while it is being asked, `null` for nobody. */
export const session = createStore<Me | null | undefined>(undefined);
export const vocabulary = createStore<Vocabulary | null>(null);

/** Whether a log-in that held has run out, which is told on the log-in page. */
export const ranOut = createStore(false);

export function sessionEnded(): void {
  if (session.get()) ranOut.set(true);
  session.set(null);
}
