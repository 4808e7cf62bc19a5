/** What the detector says of a lead besides its score; nothing where it says nothing. */

import type { LeadSummary } from "../api/types";
import { decimal } from "../domain/format";
import { className, language, LOCALES, t } from "../i18n";

/** Names and values: the class it suggests, and how unsure it is, from 0 to 1. */
export function machineFacts(
  lead: Pick<LeadSummary, "machine_class" | "uncertainty">,
): [string, string][] {
  const rows: [string, string][] = [];
  if (lead.machine_class !== "unclassified") {
    rows.push([t("fact.machine_class"), className(lead.machine_class)]);
  }
  if (lead.uncertainty !== null) {
    const value = decimal(lead.uncertainty, LOCALES[language.get()]);
    rows.push([t("fact.uncertainty"), t("fact.uncertainty_value", { value })]);
  }
  return rows;
}
