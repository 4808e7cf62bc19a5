/** From degrees to the pixels of a lead's pictures, and a scale bar for them. */

export type Position = readonly number[];

export interface Frame {
  /** [longitude, latitude] of the corners: top left, then clockwise. */
  corners: readonly Position[];
  /** Edge of the square picture in pixels. */
  pixels: number;
}

/**
 * [column, row] of a point, pixels from the top left corner. The frame is a square of the working
 * grid; over its few kilometres that grid is affine in degrees to far less than a pixel.
 */
export function toPixels(frame: Frame, [lon = 0, lat = 0]: Position): [number, number] {
  const [topLeft, topRight, , bottomLeft] = frame.corners;
  if (!topLeft || !topRight || !bottomLeft) throw new RangeError("a frame has four corners");
  const [ax, ay] = between(topLeft, topRight);
  const [bx, by] = between(topLeft, bottomLeft);
  const [px, py] = between(topLeft, [lon, lat]);
  const determinant = ax * by - ay * bx;
  const right = (px * by - py * bx) / determinant;
  const down = (ax * py - ay * px) / determinant;
  return [right * frame.pixels, down * frame.pixels];
}

function between(from: Position, to: Position): [number, number] {
  return [(to[0] ?? 0) - (from[0] ?? 0), (to[1] ?? 0) - (from[1] ?? 0)];
}

/** The path of an outline (polygons of rings) over the picture, for SVG with `evenodd`. */
export function pathOf(frame: Frame, polygons: readonly (readonly (readonly Position[])[])[]): string {
  const rings = polygons.flat();
  return rings.map((ring) => `M${ring.map((at) => pair(toPixels(frame, at))).join("L")}Z`).join("");
}

const pair = ([x, y]: [number, number]): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** The longest round length (1, 2 or 5 times a power of ten metres) within `most` metres. */
export function roundLength(most: number): number {
  if (!(most > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [5, 2, 1].find((one) => one * power <= most) ?? 1;
  return step * power;
}
