/** Where the map stands, with its layers to choose. */

import { useEffect, useRef, useState } from "preact/hooks";
import { listLayers } from "../api/calls";
import type { Layer, LeadDetail, LeadSummary } from "../api/types";
import { searchOf, type Filters } from "../domain/filters";
import { language, t } from "../i18n";
import { useStore } from "../store";
import { LayerPanel } from "./layer-panel";
import type { LeadsMap, MapState, Shown } from "./leads-map";
import { firstShown } from "./shown";

interface Props {
  filters: Filters;
  open: LeadDetail | null;
  changed: LeadSummary | null;
  /** On a narrow screen: whether it is to be seen. */
  shown: boolean;
  onPick: (leadId: string) => void;
}

/** As in shell.css: from here on list and map stand side by side. */
const WIDE = "(min-width: 900px)";

export function MapPlace({ filters, open, changed, shown, onPick }: Props) {
  const spoken = useStore(language);
  const place = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<LeadsMap | null>(null);
  const [layers, setLayers] = useState<readonly Layer[]>([]);
  const [chosen, setChosen] = useState<Shown>({});
  const [state, setState] = useState<MapState>({ cut: false, failed: false });
  const [wanted, setWanted] = useState(() => matchMedia(WIDE).matches);

  useEffect(() => {
    if (shown) setWanted(true);
    map?.resize();
  }, [shown, map]);

  useEffect(() => {
    const wide = matchMedia(WIDE);
    const look = () => wide.matches && setWanted(true);
    wide.addEventListener("change", look);
    return () => wide.removeEventListener("change", look);
  }, []);

  useEffect(() => {
    if (!wanted) return;
    let made: LeadsMap | null = null;
    let gone = false;
    import("./leads-map").then(
      ({ LeadsMap }) => {
        if (gone || !place.current) return;
        made = new LeadsMap(place.current, onPick, setState);
        Object.assign(place.current, { libreMap: made.map }); // for tests and for a look from outside
        setMap(made);
      },
      () => gone || setState((now) => ({ ...now, failed: true })), // not to be had, or the page is left
    );
    return () => {
      gone = true;
      made?.remove();
      setMap(null);
    };
  }, [wanted, spoken]);

  useEffect(() => {
    listLayers().then(
      (found) => {
        setLayers(found);
        setChosen(firstShown(found));
      },
      () => setState((now) => ({ ...now, failed: true })),
    );
  }, []);

  useEffect(() => map?.show(filters, chosen), [map, searchOf(filters), chosen]);
  useEffect(() => map?.open(open), [map, open?.lead_id, open?.version]);
  useEffect(() => {
    if (changed) map?.patch(changed);
  }, [changed]);

  return (
    <section class="map-place" aria-label={t("map.title")}>
      <div ref={place} class="map" data-testid="map" />
      <LayerPanel layers={layers} shown={chosen} onChange={setChosen} />
      {(state.cut || state.failed) && (
        <p class="map-note" role="status">
          {t(state.failed ? "map.failed" : "map.cut")}
        </p>
      )}
    </section>
  );
}
