/** Numbers, areas, shares and instants as people read them. */

const ZONE = "Asia/Shanghai";

/** Whole square metres from 10 m2 up. */
export function squareMetres(area: number, locale: string): string {
  const digits = area < 10 ? 1 : 0;
  return area.toLocaleString(locale, { maximumFractionDigits: digits });
}

export const decimal = (value: number, locale: string, digits = 2): string =>
  value.toLocaleString(locale, { maximumFractionDigits: digits });

/** A share of 1 in percent; what is neither 0 nor 1 never reads as 0 % or 100 %. */
export function percent(share: number): string {
  if (share > 0 && share < 0.001) return "<0.1%";
  if (share < 1 && share > 0.999) return ">99.9%";
  return `${Math.round(share * 1000) / 10}%`;
}

/** The range of a share, or nothing where it reads as one value. */
export function percentRange(least: number, most: number): string {
  const [a, b] = [percent(least), percent(most)];
  return a === b ? "" : `${a}–${b}`;
}

/** An instant in the city's time, to the minute. */
export function instant(iso: string, locale: string): string {
  return new Date(iso).toLocaleString(locale, {
    timeZone: ZONE,
    dateStyle: "short",
    timeStyle: "short",
  });
}

/** The city's day of an instant. */
export function day(iso: string, locale: string): string {
  return new Date(iso).toLocaleDateString(locale, { timeZone: ZONE });
}

/** The city's day `days` after an instant, as a date field has it: YYYY-MM-DD. */
export function dayAfter(now: Date, days: number): string {
  const then = new Date(now.getTime() + days * 86_400_000);
  return then.toLocaleDateString("sv-SE", { timeZone: ZONE });
}

/** The end of work on a day, with its offset. */
export const endOfWork = (date: string): string => `${date}T17:00:00+08:00`;

/** Metres as a length people read. */
export function metres(length: number): string {
  return length >= 1000 ? `${length / 1000} km` : `${length} m`;
}
