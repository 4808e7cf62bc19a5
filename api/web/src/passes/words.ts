/** Words of coverage. */

import { t } from "../i18n";

/** `days_7_30` as people read it. */
export function stepName(step: string): string {
  const [, low, high] = /^days_(\d+)_(\d+)$/.exec(step) ?? [];
  if (!low || !high) return t(step === "never" ? "passes.never" : "passes.older");
  return low === "0" ? t("passes.within", { days: high }) : t("passes.between", { low: String(Number(low) + 1), high });
}
