/** The map of coverage; this file and MapLibre are loaded when it is first shown. */

import { LngLatBounds, type GeoJSONSource, type Map as LibreMap, type StyleSpecification } from "maplibre-gl";
import { mapZones, readCoverage } from "../api/calls";
import { around, bboxText, CITY, widened } from "../domain/view";
import { t } from "../i18n";
import { newMap } from "../map/new-map";

const NOTHING = { type: "FeatureCollection" as const, features: [] };
const STYLE: StyleSpecification = {
  version: 8,
  sources: { districts: { type: "geojson", data: NOTHING } },
  layers: [
    { id: "ground", type: "background", paint: { "background-color": "#e9eef0" } },
    { id: "district-fill", type: "fill", source: "districts", paint: { "fill-color": "#fbfbf8" } },
    { id: "district-line", type: "line", source: "districts", paint: { "line-color": "#3d4f57", "line-width": 1.4 } },
  ],
};
type Corners = [[number, number], [number, number], [number, number], [number, number]];

export class CoverageMap {
  readonly map: LibreMap;
  private asking: AbortController | null = null;
  private readonly ready: Promise<void>;

  constructor(container: HTMLElement) {
    this.map = newMap(container, STYLE, t("passes.map"), 15);
    this.ready = new Promise((done) => this.map.on("load", () => done()));
  }

  /** Draw the districts of an edition. */
  async outline(edition: string): Promise<void> {
    const zones = await mapZones("district", edition, bboxText(widened(CITY, 0.5)), new AbortController().signal);
    await this.ready;
    this.map.getSource<GeoJSONSource>("districts")?.setData(zones as GeoJSON.FeatureCollection);
  }

  /** Lay a district's hectares over the map and go there. */
  async show(code: string): Promise<void> {
    this.asking?.abort();
    const control = (this.asking = new AbortController());
    const { corners } = await readCoverage(code, control.signal);
    await this.ready;
    if (control.signal.aborted) return;
    this.clear();
    const coordinates = corners as unknown as Corners;
    this.map.addSource("coverage", { type: "image", url: `/api/coverage/${code}/map.png`, coordinates });
    // a hectare is a hectare: no blending of its colour with the next
    const paint = { "raster-resampling": "nearest" as const, "raster-fade-duration": 0, "raster-opacity": 0.85 };
    this.map.addLayer({ id: "coverage", type: "raster", source: "coverage", paint }, "district-line");
    const box = around(coordinates);
    if (box) this.map.fitBounds(new LngLatBounds([...box]), { padding: 24, duration: 0 });
  }

  remove(): void {
    this.asking?.abort();
    this.map.remove();
  }

  private clear(): void {
    if (this.map.getLayer("coverage")) this.map.removeLayer("coverage");
    if (this.map.getSource("coverage")) this.map.removeSource("coverage");
  }
}
