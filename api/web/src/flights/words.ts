/** How flights are told. */

import type { Flight } from "../api/types";
import { decimal, instant } from "../domain/format";
import { language, LOCALES, t, word } from "../i18n";

const locale = (): string => LOCALES[language.get()];

/** Bytes as people read them. */
export function size(bytes: number): string {
  const steps: [number, string][] = [
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
  ];
  const [unit, name] = steps.find(([least]) => bytes >= least) ?? [1, "B"];
  return `${decimal(bytes / unit, locale(), bytes >= 1e9 ? 1 : 0)} ${name}`;
}

export const at = (moment: string): string => instant(moment, locale());

export const metresText = (length: number, digits = 1): string =>
  t("unit.m", { length: decimal(length, locale(), digits) });

/** What a flight became: its product with its error, which a quick look never goes without. */
export function productText(flight: Flight): string {
  if (!flight.product) return "";
  const parts = [word("product", flight.product)];
  if (flight.gsd_m !== null) parts.push(t("flights.gsd", { cm: decimal(flight.gsd_m * 100, locale(), 1) }));
  if (flight.position_error_m !== null) {
    parts.push(t("flights.position", { length: decimal(flight.position_error_m, locale(), 1) }));
  }
  return parts.join(" · ");
}
