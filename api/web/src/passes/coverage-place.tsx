/** Where the map of coverage stands, with what its colours mean. */

import { useEffect, useRef, useState } from "preact/hooks";
import { listLayers } from "../api/calls";
import type { Coverages } from "../api/types";
import { language, t } from "../i18n";
import { useStore } from "../store";
import type { CoverageMap } from "./coverage-map";
import { stepName } from "./words";

export function CoveragePlace({ coverage, code }: { coverage: Coverages; code: string | null }) {
  const spoken = useStore(language);
  const place = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<CoverageMap | null>(null);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    let made: CoverageMap | null = null;
    let gone = false;
    void import("./coverage-map").then(async ({ CoverageMap }) => {
      if (gone || !place.current) return;
      made = new CoverageMap(place.current);
      Object.assign(place.current, { libreMap: made.map }); // for tests and for a look from outside
      setMap(made);
      const layers = await listLayers();
      const district = layers.filter((layer) => layer.kind === "district").at(-1);
      if (district && !gone) await made.outline(district.name);
    }).catch(() => gone || setFailed(true));
    return () => {
      gone = true;
      made?.remove();
      setMap(null);
    };
  }, [spoken]);

  useEffect(() => {
    if (!map || !code) return;
    setFailed(false);
    map.show(code).catch((error: unknown) => (error as Error).name === "AbortError" || setFailed(true));
  }, [map, code]);

  return (
    <section class="coverage-place" aria-label={t("passes.map")}>
      <div class="coverage-map" ref={place} />
      <ul class="plain legend" aria-label={t("passes.legend")}>
        {coverage.step_names.map((step, n) => (
          <li key={step}>
            <span class="swatch" style={{ background: coverage.colours[n] ?? "" }} />
            {stepName(step)}
          </li>
        ))}
      </ul>
      {failed && <p class="problem map-note" role="alert">{t("map.failed")}</p>}
    </section>
  );
}
