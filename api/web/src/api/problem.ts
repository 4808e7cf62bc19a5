/** What went wrong with a request, as the page tells it. */

import type { Key } from "../i18n";

export class ApiProblem extends Error {
  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** The server's code (RFC 9457 extension), or `network`. */
    readonly code: string,
    /** The server's own line, English. */
    readonly detail: string,
    /** Fields that cannot be used. */
    readonly fields: readonly string[] = [],
  ) {
    super(detail || code);
  }
}

const WORDS: Readonly<Record<string, Key>> = {
  network: "problem.network",
  stale: "problem.stale",
  transition: "problem.transition",
  conflict: "problem.conflict",
  forbidden: "problem.forbidden",
  login: "problem.login",
  not_found: "problem.not_found",
  input: "problem.input",
  too_large: "problem.input",
  store: "problem.store",
};

/** The words for a problem. */
export function problemKey(problem: ApiProblem): Key {
  return WORDS[problem.code] ?? "problem.internal";
}

/** A problem from an answer's body; answers of something in between are no problem+json. */
export function problemFrom(status: number, body: unknown): ApiProblem {
  if (typeof body !== "object" || body === null || !("code" in body)) {
    return new ApiProblem(status, status === 0 ? "network" : "internal", "");
  }
  const told = body as { code: string; detail?: string; errors?: { field: string }[] };
  const fields = (told.errors ?? []).map((one) => one.field);
  return new ApiProblem(status, String(told.code), told.detail ?? "", fields);
}
