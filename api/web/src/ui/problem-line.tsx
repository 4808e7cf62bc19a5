/** What went wrong with a request, with the server's own line below. */

import { problemKey, type ApiProblem } from "../api/problem";
import { t } from "../i18n";

export function ProblemLine({ problem }: { problem: ApiProblem | null }) {
  if (!problem) return null;
  return (
    <p class="problem" role="alert">
      {t(problemKey(problem))}
      {problem.detail && <span class="block fine">{problem.detail}</span>}
    </p>
  );
}
