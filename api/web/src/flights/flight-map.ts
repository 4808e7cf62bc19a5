/** The map of a flight: frames by what is wrong with them; loaded when it is first shown. */

import { LngLatBounds, Popup, type FilterSpecification, type GeoJSONSource, type LngLat, type Map as LibreMap, type StyleSpecification } from "maplibre-gl";
import { readReport } from "../api/calls";
import type { Names } from "../api/types";
import { around } from "../domain/view";
import { say, t } from "../i18n";
import { newMap } from "../map/new-map";

const NOTHING = { type: "FeatureCollection" as const, features: [] };
const COLOUR = ["match", ["get", "severity"], "stop", "#a1201a", "warn", "#d07a00", "note", "#b39b00", "#2f7d4f"];
/** Only the frame of a name. */
const chosen = (name: string): FilterSpecification => ["all", ["==", ["get", "what"], "frame"], ["==", ["get", "name"], name]];
const STYLE: StyleSpecification = {
  version: 8,
  sources: { report: { type: "geojson", data: NOTHING } },
  layers: [
    { id: "ground", type: "background", paint: { "background-color": "#e9eef0" } },
    { id: "filed", type: "line", source: "report", filter: ["==", ["get", "what"], "filed"],
      paint: { "line-color": "#12333c", "line-width": 2, "line-dasharray": [3, 2] } },
    { id: "frames-fill", type: "fill", source: "report", filter: ["==", ["get", "what"], "frame"],
      paint: { "fill-color": COLOUR as never, "fill-opacity": 0.14 } },
    { id: "frames-line", type: "line", source: "report", filter: ["==", ["get", "what"], "frame"],
      paint: { "line-color": COLOUR as never, "line-width": 1.2 } },
    { id: "gaps", type: "fill", source: "report", filter: ["==", ["get", "what"], "gap"],
      paint: { "fill-color": "#a1201a", "fill-opacity": 0.55 } },
    { id: "looked", type: "line", source: "report", filter: chosen(""),
      paint: { "line-color": "#0b57d0", "line-width": 4 } },
    { id: "places", type: "circle", source: "report", filter: ["==", ["get", "what"], "place"],
      paint: { "circle-radius": 3, "circle-color": COLOUR as never, "circle-stroke-width": 1, "circle-stroke-color": "#fff" } },
  ],
};

export class FlightMap {
  readonly map: LibreMap;
  private readonly ready: Promise<void>;
  private readonly box = new Popup({ closeButton: false, maxWidth: "22rem" });
  private shown: GeoJSON.FeatureCollection = NOTHING;

  constructor(container: HTMLElement) {
    this.map = newMap(container, STYLE, t("flights.map"), 22);
    this.ready = new Promise((done) => this.map.on("load", () => done()));
    this.map.on("click", "frames-fill", (event) => {
      const [feature] = event.features ?? [];
      if (feature) this.tell(event.lngLat, feature.properties);
    });
  }

  /** Draw the report of a flight and go there. */
  async show(flightId: string, signal: AbortSignal): Promise<void> {
    this.shown = await readReport(flightId, signal);
    await this.ready;
    if (signal.aborted) return;
    this.map.getSource<GeoJSONSource>("report")?.setData(this.shown);
    const box = around(this.shown.features.flatMap((one) => corners(one.geometry)));
    if (box) this.map.fitBounds(new LngLatBounds([...box]), { padding: 28, duration: 0 });
  }

  /** Mark one frame. */
  async look(name: string | null): Promise<void> {
    await this.ready;
    this.map.setFilter("looked", chosen(name ?? ""));
    const frame = this.shown.features.find((one) => one.properties?.["name"] === name);
    const box = frame && around(corners(frame.geometry));
    if (box) this.map.fitBounds(new LngLatBounds([...box]), { padding: 60, maxZoom: 19 });
  }

  remove(): void {
    this.map.remove();
  }

  private tell(at: LngLat, properties: Record<string, unknown>): void {
    const told = document.createElement("div");
    const name = document.createElement("strong");
    name.textContent = String(properties["name"]);
    told.append(name);
    for (const one of reasonsOf(properties["reasons"])) {
      const line = document.createElement("p");
      line.textContent = say(one);
      told.append(line);
    }
    this.box.setLngLat(at).setDOMContent(told).addTo(this.map);
  }
}

/** MapLibre hands lists over as text. */
function reasonsOf(value: unknown): Names[] {
  const list: unknown = typeof value === "string" ? JSON.parse(value) : value;
  return Array.isArray(list) ? (list as Names[]) : [];
}

function corners(geometry: GeoJSON.Geometry | null): [number, number][] {
  if (!geometry) return [];
  switch (geometry.type) {
    case "Point":
      return [geometry.coordinates as [number, number]];
    case "Polygon":
      return geometry.coordinates.flat() as [number, number][];
    case "MultiPolygon":
      return geometry.coordinates.flat(2) as [number, number][];
    default:
      return [];
  }
}
