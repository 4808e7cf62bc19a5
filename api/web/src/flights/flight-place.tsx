/** Where the map of a flight stands, with what its colours mean. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { FlightDetail } from "../api/types";
import { language, t } from "../i18n";
import { useStore } from "../store";
import type { FlightMap } from "./flight-map";

export function FlightPlace({ flight, looked }: { flight: FlightDetail; looked: string | null }) {
  const spoken = useStore(language);
  const place = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<FlightMap | null>(null);
  const [failed, setFailed] = useState(false);
  const checked = flight.verdict !== null;

  useEffect(() => {
    if (!checked) return;
    let made: FlightMap | null = null;
    let gone = false;
    void import("./flight-map")
      .then(({ FlightMap }) => {
        if (gone || !place.current) return;
        made = new FlightMap(place.current);
        Object.assign(place.current, { libreMap: made.map }); // for tests and for a look from outside
        setMap(made);
      })
      .catch(() => gone || setFailed(true));
    return () => {
      gone = true;
      made?.remove();
      setMap(null);
    };
  }, [spoken, checked]);

  useEffect(() => {
    if (!map) return;
    const control = new AbortController();
    map.show(flight.flight_id, control.signal).catch(() => control.signal.aborted || setFailed(true));
    return () => control.abort();
  }, [map, flight.flight_id]);

  useEffect(() => void map?.look(looked), [map, looked]);

  if (!checked) return null;
  return (
    <section class="flight-place" aria-label={t("flights.map")}>
      <div class="flight-map" data-testid="flight-map" ref={place} />
      <ul class="plain legend" aria-label={t("passes.legend")}>
        <li><span class="swatch frame-good" />{t("check.frame_good")}</li>
        <li><span class="swatch frame-warn" />{t("check.frame_warn")}</li>
        <li><span class="swatch frame-stop" />{t("check.frame_stop")}</li>
        <li><span class="swatch frame-gap" />{t("check.gap")}</li>
      </ul>
      {failed && (
        <p class="problem map-note" role="alert">
          {t("map.failed")}
        </p>
      )}
    </section>
  );
}
