/** Text in two languages: the page's own from the locale files, names of codes from the server. */

import type { Names } from "./api/types";
import en from "./locales/en.json";
import zh from "./locales/zh.json";
import { vocabulary } from "./session";
import { createStore } from "./store";

export type Language = "zh" | "en";
export type Key = keyof typeof zh;

const TEXTS: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { zh, en };
const KEPT = "hongxian.language";
export const LOCALES: Readonly<Record<Language, string>> = { zh: "zh-CN", en: "en-GB" };

export const language = createStore<Language>(kept());

/** The text of a key with `{name}` filled in. */
export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  return TEXTS[language.get()][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? String(values[name]) : whole,
  );
}

/** Of a name in both languages, the one to read. */
export const say = (names: Names): string => names[language.get()];

/** The name of a code, or the code itself where the server told none. */
export function word(section: string, code: string | null | undefined): string {
  if (!code) return t("value.none");
  const names = vocabulary.get()?.words[section]?.[code];
  return names ? say(names) : code;
}

/** The name of a change class. */
export function className(label: string): string {
  const row = vocabulary.get()?.classes.find((one) => one.label === label);
  return row ? say(row) : label;
}

/** What a lead is called: always a suspicion. */
export function suspected(label: string): string {
  return label === "unclassified"
    ? t("lead.suspected_change")
    : t("lead.suspected", { class: className(label) });
}

export function setLanguage(next: Language): void {
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    // a browser that keeps nothing: it holds until the page is closed
  }
  document.documentElement.lang = LOCALES[next];
  language.set(next);
}

function kept(): Language {
  try {
    return localStorage.getItem(KEPT) === "en" ? "en" : "zh";
  } catch {
    return "zh";
  }
}
