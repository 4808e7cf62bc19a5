/** Every key of the page: one table for the handler, the buttons and the help. */

import type { Action } from "../api/types";
import type { Key } from "../i18n";

export type Command =
  | "next"
  | "previous"
  | "claim_next"
  | "flip"
  | "undo"
  | "close"
  | "map"
  | "help"
  | Exclude<Action, "redraw">;

export interface KeyRow {
  key: string;
  command: Command;
  label: Key;
  group: "list" | "review" | "dispatch" | "view";
}

export const KEYS: readonly KeyRow[] = [
  { key: "j", command: "next", label: "keys.next", group: "list" },
  { key: "k", command: "previous", label: "keys.previous", group: "list" },
  { key: "Escape", command: "close", label: "keys.close", group: "list" },
  { key: "n", command: "claim_next", label: "keys.claim_next", group: "review" },
  { key: "c", command: "claim", label: "keys.claim", group: "review" },
  { key: "x", command: "discard", label: "keys.discard", group: "review" },
  { key: "s", command: "submit", label: "keys.submit", group: "review" },
  { key: "r", command: "release", label: "keys.release", group: "review" },
  { key: "o", command: "reopen", label: "keys.reopen", group: "review" },
  { key: "u", command: "undo", label: "keys.undo", group: "review" },
  { key: "d", command: "dispatch", label: "keys.dispatch", group: "dispatch" },
  { key: "e", command: "redispatch", label: "keys.redispatch", group: "dispatch" },
  { key: "a", command: "accept", label: "keys.accept", group: "dispatch" },
  { key: "t", command: "return_lead", label: "keys.return_lead", group: "dispatch" },
  { key: "b", command: "flip", label: "keys.flip", group: "view" },
  { key: "m", command: "map", label: "keys.map", group: "view" },
  { key: "?", command: "help", label: "keys.help", group: "view" },
];

/** The key of a command, to be shown beside it. */
export const keyOf = (command: string): string =>
  KEYS.find((row) => row.command === command)?.key ?? "";

interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  /** Whether the keyboard writes into a field now. */
  writing: boolean;
}

/** What a pressed key asks for; nothing while somebody writes or the browser is meant. */
export function commandOf(pressed: Pressed): Command | null {
  if (pressed.writing || pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null;
  const key = pressed.key.length === 1 ? pressed.key.toLowerCase() : pressed.key;
  return KEYS.find((row) => row.key === key)?.command ?? null;
}

const CHOICES = "123456789abcdefghijklmnopqrstuvwxyz";

/** The key that picks the nth choice of a dialog. */
export const choiceKey = (index: number): string => CHOICES[index] ?? "";
