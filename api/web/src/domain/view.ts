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

/** The centroid of the largest outer ring, in degrees: where a name is written. */
export function centreOf(polygons: readonly (readonly (readonly (readonly number[])[])[])[]): [number, number] {
  const centres = polygons.map(([outer = []]) => ringCentre(outer));
  const largest = centres.reduce((a, b) => (b.area > a.area ? b : a), { area: -1, x: 0, y: 0 });
  return [largest.x, largest.y];
}

function ringCentre(ring: readonly (readonly number[])[]): { area: number; x: number; y: number } {
  const [x0 = 0, y0 = 0] = ring[0] ?? []; // near the ring: differences keep their digits
  let [twice, x, y] = [0, 0, 0];
  for (let at = 0; at + 1 < ring.length; at++) {
    const [ax = 0, ay = 0] = ring[at] ?? [];
    const [bx = 0, by = 0] = ring[at + 1] ?? [];
    const cross = (ax - x0) * (by - y0) - (bx - x0) * (ay - y0);
    twice += cross;
    x += (ax + bx - 2 * x0) * cross;
    y += (ay + by - 2 * y0) * cross;
  }
  if (twice === 0) return { area: 0, x: x0, y: y0 };
  return { area: Math.abs(twice) / 2, x: x0 + x / (3 * twice), y: y0 + y / (3 * twice) };
}
