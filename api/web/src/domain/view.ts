/** Boxes of the map: what is seen, what was asked for, when to ask again. */

/** west, south, east, north in degrees. */
export type Box = readonly [number, number, number, number];

/** The city with its estuary: where the map starts when there is nothing to show. */
export const CITY: Box = [120.85, 30.65, 122.2, 31.9];

/** A box made wider on all sides by a share of its size, within the world. */
export function widened([west, south, east, north]: Box, share: number): Box {
  const [x, y] = [(east - west) * share, (north - south) * share];
  return [
    Math.max(-180, west - x),
    Math.max(-90, south - y),
    Math.min(180, east + x),
    Math.min(90, north + y),
  ];
}

export const holds = (outer: Box, inner: Box): boolean =>
  outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];

/** The box as the interface takes it. */
export const bboxText = (box: Box): string => box.map((side) => side.toFixed(6)).join(",");

export interface Fetched {
  box: Box;
  /** Whether all there is was sent. */
  whole: boolean;
}

/**
 * Whether a view needs another question. Each one reads exact places, which is logged: what is at
 * hand is not asked for again.
 */
export function needsAsking(view: Box, fetched: Fetched | null): boolean {
  if (!fetched || !holds(fetched.box, view)) return true;
  const shrunk = (view[2] - view[0]) / (fetched.box[2] - fetched.box[0]);
  return !fetched.whole && shrunk < 0.4;
}

/** The box around points, or null for none. */
export function around(points: readonly (readonly [number, number])[]): Box | null {
  if (!points.length) return null;
  const [x, y] = [points.map(([lon]) => lon), points.map(([, lat]) => lat)];
  return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
}
