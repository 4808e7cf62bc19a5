/** Which editions the map shows at first. */

import type { Layer, ZoneKind } from "../api/types";
import type { Shown } from "./leads-map";

const HIDDEN_AT_FIRST: ReadonlySet<ZoneKind> = new Set(["parcel"]);

/** The editions of one kind, the one in force last first. */
export function editionsOf(layers: readonly Layer[], kind: ZoneKind): readonly Layer[] {
  const from = (layer: Layer) => layer.valid_from ?? "";
  return layers.filter((one) => one.kind === kind).sort((a, b) => from(b).localeCompare(from(a)));
}

/** The latest edition of every kind but parcels, which are many. */
export function firstShown(layers: readonly Layer[]): Shown {
  const shown: Partial<Record<ZoneKind, string>> = {};
  for (const kind of new Set(layers.map((one) => one.kind))) {
    const [latest] = editionsOf(layers, kind);
    if (latest && !HIDDEN_AT_FIRST.has(kind)) shown[kind] = latest.name;
  }
  return shown;
}
