/** The map of coverage; this file and MapLibre are loaded when it is first shown. */

import { LngLatBounds, Map as LibreMap, NavigationControl, ScaleControl, setWorkerUrl, type GeoJSONSource } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { mapZones, readCoverage } from "../api/calls";
import { around, bboxText, CITY, widened } from "../domain/view";
import { t } from "../i18n";

setWorkerUrl(workerUrl);

const NOTHING = { type: "FeatureCollection" as const, features: [] };
type Corners = [[number, number], [number, number], [number, number], [number, number]];

export class CoverageMap {
  readonly map: LibreMap;
  private asking: AbortController | null = null;
  private readonly ready: Promise<void>;

  constructor(container: HTMLElement) {
    this.map = new LibreMap({
      container,
      style: {
        version: 8,
        sources: { districts: { type: "geojson", data: NOTHING } },
        layers: [
          { id: "ground", type: "background", paint: { "background-color": "#e9eef0" } },
          { id: "district-fill", type: "fill", source: "districts", paint: { "fill-color": "#fbfbf8" } },
          { id: "district-line", type: "line", source: "districts", paint: { "line-color": "#3d4f57", "line-width": 1.4 } },
        ],
      },
      bounds: [...CITY],
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      minZoom: 6,
      maxZoom: 15,
      locale: {
        "NavigationControl.ZoomIn": t("map.zoom_in"),
        "NavigationControl.ZoomOut": t("map.zoom_out"),
        "Map.Title": t("passes.map"),
      },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
    this.map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
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
