/** The map itself; this file and MapLibre are loaded when it is first shown. */

import { LngLatBounds, type GeoJSONSource, type Map as LibreMap } from "maplibre-gl";
import { mapLeads, mapZones } from "../api/calls";
import type { LeadDetail, LeadFeatures, LeadSummary, ZoneFeatures, ZoneKind } from "../api/types";
import { queryOf, searchOf, type Filters } from "../domain/filters";
import { around, bboxText, centreOf, needsAsking, widened, type Box, type Fetched } from "../domain/view";
import { t } from "../i18n";
import { newMap } from "./new-map";
import { KINDS, PARCELS_FROM, styleOf } from "./style";

/** Kind to the edition that is shown; kinds that are not named are hidden. */
export type Shown = Readonly<Partial<Record<ZoneKind, string>>>;

export interface MapState {
  /** More leads or zones lie in view than could be sent. */
  cut: boolean;
  failed: boolean;
}

/** One point for each name: MapLibre would write it once for every tile an outline lies in. */
function namesOf(zones: ZoneFeatures["features"]): GeoJSON.FeatureCollection {
  const features = zones.map(({ geometry, properties }) => ({
    type: "Feature" as const,
    geometry: { type: "Point" as const, coordinates: centreOf(geometry.coordinates) },
    properties: { name: properties.name },
  }));
  return { type: "FeatureCollection", features };
}

const NOTHING = { type: "FeatureCollection" as const, features: [] };
const PAUSE_MS = 250;
const MARGIN = 0.3;

export class LeadsMap {
  readonly map: LibreMap;
  private filters: Filters | null = null;
  private shown: Shown = {};
  private leads: LeadFeatures = { ...NOTHING, next_cursor: null };
  private fetched = new Map<string, Fetched & { question: string }>();
  private asking = new Map<string, AbortController>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private openId: string | null = null;
  private placed = false;
  private ready = false;
  private cut = new Set<string>();

  constructor(
    container: HTMLElement,
    private readonly onPick: (leadId: string) => void,
    private readonly onState: (state: MapState) => void,
  ) {
    this.map = newMap(container, styleOf(), t("map.title"), 19);
    this.map.on("load", () => {
      this.ready = true;
      this.refresh();
    });
    this.map.on("moveend", () => this.refreshSoon());
    for (const layer of ["lead-points", "leads"]) this.listenTo(layer);
  }

  /** Show these leads and zones from now on. */
  show(filters: Filters, shown: Shown): void {
    if (this.filters && searchOf(filters) !== searchOf(this.filters)) this.placed = false;
    this.filters = filters;
    this.shown = shown;
    this.refresh();
  }

  /** Mark the open lead and go there. */
  open(lead: LeadDetail | null): void {
    this.mark(false);
    this.openId = lead?.lead_id ?? null;
    this.mark(true);
    if (!lead) return;
    this.placed = true;
    const box = around(lead.geometry.coordinates.flat(2).map(([x = 0, y = 0]) => [x, y] as const));
    if (box) this.goTo(widened(box, 0.6), 16);
  }

  /** A lead changed: what is drawn of it changes too, without asking for all of them again. */
  patch(lead: LeadSummary): void {
    const feature = this.leads.features.find((one) => one.id === lead.lead_id);
    if (!feature) return;
    const { status, version, holder, priority, change_class } = lead;
    Object.assign(feature.properties, { status, version, holder, priority, change_class });
    this.drawLeads();
  }

  resize(): void {
    this.map.resize();
  }

  remove(): void {
    clearTimeout(this.timer);
    for (const control of this.asking.values()) control.abort();
    this.map.remove();
  }

  private listenTo(layer: string): void {
    this.map.on("click", layer, (event) => {
      const id = event.features?.[0]?.properties["lead_id"];
      if (typeof id === "string") this.onPick(id);
    });
    this.map.on("mouseenter", layer, () => (this.map.getCanvas().style.cursor = "pointer"));
    this.map.on("mouseleave", layer, () => (this.map.getCanvas().style.cursor = ""));
  }

  private refreshSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), PAUSE_MS);
  }

  private refresh(): void {
    if (!this.ready || !this.filters) return;
    const filters = this.filters;
    const box = this.viewBox();
    this.ask("leads", searchOf({ ...filters, order: "priority" }), box, async (asked, signal) => {
      this.leads = await mapLeads({ ...queryOf(filters), bbox: bboxText(asked) }, signal);
      this.drawLeads();
      this.placeOnce();
      return this.leads.next_cursor === null;
    });
    for (const kind of KINDS) this.refreshKind(kind, box);
  }

  private refreshKind(kind: ZoneKind, box: Box): void {
    const edition = this.shown[kind];
    const far = kind === "parcel" && this.map.getZoom() < PARCELS_FROM;
    if (edition === undefined || far) {
      this.asking.get(kind)?.abort();
      this.fetched.delete(kind);
      this.source(kind)?.setData(NOTHING);
      if (kind === "district") this.source("names")?.setData(NOTHING);
      return;
    }
    this.ask(kind, edition, box, async (asked, signal) => {
      const zones = await mapZones(kind, edition, bboxText(asked), signal);
      this.source(kind)?.setData(zones as GeoJSON.FeatureCollection);
      if (kind === "district") this.source("names")?.setData(namesOf(zones.features));
      return !zones.truncated;
    });
  }

  /** Ask unless what is at hand will do; `load` resolves to whether all of it was sent. */
  private ask(
    name: string,
    question: string,
    view: Box,
    load: (box: Box, signal: AbortSignal) => Promise<boolean>,
  ): void {
    this.asking.get(name)?.abort(); // an answer to an older question must not land
    const before = this.fetched.get(name);
    if (before?.question === question && !needsAsking(view, before)) return;
    const control = new AbortController();
    this.asking.set(name, control);
    const box = widened(view, MARGIN);
    load(box, control.signal).then(
      (whole) => {
        this.fetched.set(name, { box, whole, question });
        this.cut[whole ? "delete" : "add"](name);
        this.onState({ cut: this.cut.size > 0, failed: false });
      },
      () => control.signal.aborted || this.onState({ cut: this.cut.size > 0, failed: true }),
    );
  }

  private drawLeads(): void {
    const { features } = this.leads;
    const points = features.map(({ properties }) => ({
      type: "Feature" as const,
      geometry: { type: "Point" as const, coordinates: [properties.lon, properties.lat] },
      properties,
    }));
    this.source("leads")?.setData({ ...NOTHING, features } as GeoJSON.FeatureCollection);
    this.source("points")?.setData({ ...NOTHING, features: points });
    this.mark(true);
  }

  /** The first leads that come decide what is looked at; later the view stays. */
  private placeOnce(): void {
    if (this.placed) return;
    const box = around(this.leads.features.map(({ properties: p }) => [p.lon, p.lat] as const));
    if (!box) return;
    this.placed = true;
    this.goTo(widened(box, 0.15), 14);
  }

  private goTo(box: Box, maxZoom: number): void {
    this.map.fitBounds(new LngLatBounds([...box]), { maxZoom, padding: 32, duration: 0 });
  }

  private mark(open: boolean): void {
    if (!this.openId || !this.ready) return;
    for (const source of ["leads", "points"]) {
      this.map.setFeatureState({ source, id: this.openId }, { open });
    }
  }

  private viewBox(): Box {
    const bounds = this.map.getBounds();
    const box: Box = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    return widened(box, 0); // within the world
  }

  private source(id: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(id);
  }
}
