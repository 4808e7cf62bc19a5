/** A map as all of ours are: north up, no foreign ground, scale and zoom buttons. */

import { Map as LibreMap, NavigationControl, ScaleControl, setWorkerUrl, type StyleSpecification } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { CITY } from "../domain/view";
import { t } from "../i18n";

setWorkerUrl(workerUrl);

export function newMap(container: HTMLElement, style: StyleSpecification, title: string, maxZoom: number): LibreMap {
  const map = new LibreMap({
    container,
    style,
    bounds: [...CITY],
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    minZoom: 6,
    maxZoom,
    localIdeographFontFamily: "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif",
    locale: {
      "NavigationControl.ZoomIn": t("map.zoom_in"),
      "NavigationControl.ZoomOut": t("map.zoom_out"),
      "Map.Title": title,
    },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
  return map;
}
