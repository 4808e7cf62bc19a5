/** How the map looks: no foreign ground below it, our layers by kind, leads by priority. */

import type {
  ExpressionSpecification,
  GeoJSONSourceSpecification,
  LayerSpecification,
  StyleSpecification,
} from "maplibre-gl";
import type { ZoneKind } from "../api/types";

/** From the lowest to the highest. */
export const KINDS: readonly ZoneKind[] = [
  "district",
  "parcel",
  "protected_area",
  "water_source_zone",
  "eco_redline",
  "licensed_yard",
];

export const COLOURS: Readonly<Record<ZoneKind, string>> = {
  district: "#5c6f77",
  parcel: "#a39a86",
  protected_area: "#2f7d4f",
  water_source_zone: "#1f6fb2",
  eco_redline: "#c8102e",
  licensed_yard: "#7a4fa3",
};

export const PRIORITY_COLOURS = { P1: "#a82a00", P2: "#e07a00", P3: "#d9b300", P4: "#4f7384" } as const;

/** Parcels are many and small: not asked for below this zoom. */
export const PARCELS_FROM = 12.5;

const FONT = ["Noto Sans CJK SC"]; // drawn by the browser: the style names no glyphs
const NOTHING: GeoJSONSourceSpecification = {
  type: "geojson",
  data: { type: "FeatureCollection", features: [] },
};

const priority: ExpressionSpecification = [
  "match",
  ["get", "priority"],
  "P1",
  PRIORITY_COLOURS.P1,
  "P2",
  PRIORITY_COLOURS.P2,
  "P3",
  PRIORITY_COLOURS.P3,
  PRIORITY_COLOURS.P4,
];
const isOpen: ExpressionSpecification = ["boolean", ["feature-state", "open"], false];

export function styleOf(): StyleSpecification {
  const zones = Object.fromEntries(KINDS.map((kind) => [kind, NOTHING]));
  return {
    version: 8,
    sources: {
      ...zones,
      names: NOTHING,
      leads: { ...NOTHING, promoteId: "lead_id" },
      points: { ...NOTHING, promoteId: "lead_id" },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": "#e9eef0" } },
      ...KINDS.flatMap(zoneLayers),
      ...leadLayers(),
      districtNames(),
    ],
  };
}

function zoneLayers(kind: ZoneKind): LayerSpecification[] {
  const colour = COLOURS[kind];
  const fill = kind === "district" ? "#fbfbf8" : colour;
  const opacity = { district: 1, parcel: 0.04, licensed_yard: 0.12 } as Record<string, number>;
  const dashes: Partial<Record<ZoneKind, number[]>> = {
    protected_area: [3, 2],
    water_source_zone: [1.5, 1.5],
  };
  const dash = dashes[kind];
  const width = { eco_redline: 2.4, district: 1.2, parcel: 0.7 } as Record<string, number>;
  return [
    {
      id: `${kind}-fill`,
      type: "fill",
      source: kind,
      paint: { "fill-color": fill, "fill-opacity": opacity[kind] ?? 0.08 },
    },
    {
      id: `${kind}-line`,
      type: "line",
      source: kind,
      paint: {
        "line-color": colour,
        "line-width": width[kind] ?? 1.6,
        ...(dash ? { "line-dasharray": dash } : {}),
      },
    },
  ];
}

function leadLayers(): LayerSpecification[] {
  return [
    {
      id: "leads",
      type: "fill",
      source: "leads",
      paint: { "fill-color": priority, "fill-opacity": ["case", isOpen, 0.12, 0.4] },
    },
    {
      id: "lead-lines",
      type: "line",
      source: "leads",
      paint: { "line-color": ["case", isOpen, "#0b2d36", priority], "line-width": ["case", isOpen, 2.6, 1.2] },
    },
    {
      id: "lead-points",
      type: "circle",
      source: "points",
      maxzoom: 14.5,
      layout: { "circle-sort-key": ["-", 0, ["to-number", ["slice", ["get", "priority"], 1]]] },
      paint: {
        "circle-color": priority,
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 3.5, 13, 6],
        "circle-stroke-color": ["case", isOpen, "#0b2d36", "#ffffff"],
        "circle-stroke-width": ["case", isOpen, 3, 1.2],
      },
    },
  ];
}

function districtNames(): LayerSpecification {
  return {
    id: "district-names",
    type: "symbol",
    source: "names",
    layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 13, "text-letter-spacing": 0.08 },
    paint: { "text-color": "#3d4f57", "text-halo-color": "#fbfbf8", "text-halo-width": 1.5 },
  };
}
