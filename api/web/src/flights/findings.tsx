/** What the checks found, the gravest first; each one shows its place on the map. */

import type { FlightDetail } from "../api/types";
import { say, t, type Key } from "../i18n";

const VERDICTS: Readonly<Record<string, Key>> = {
  good: "check.good",
  usable: "check.usable",
  unusable: "check.unusable",
};

interface Props {
  flight: FlightDetail;
  onLook: (name: string) => void;
}

export function Findings({ flight, onLook }: Props) {
  const verdict = flight.verdict ? VERDICTS[flight.verdict] : undefined;
  if (!verdict) return null;
  return (
    <section class="findings" aria-label={t("check.title")}>
      <h3>{t("check.title")}</h3>
      <p class={`verdict ${flight.verdict}`}>{t(verdict)}</p>
      <ul class="plain">
        {flight.findings.map((one, n) => (
          <li key={`${one.code} ${n}`} class={`finding ${one.severity}`}>
            <p>{say(one.words)}</p>
            {one.photos.length > 0 && (
              <details>
                <summary>{t("check.photos", { count: one.photos.length })}</summary>
                <ul class="plain photo-names">
                  {one.photos.map((name) => (
                    <li key={name}>
                      <button type="button" class="quiet mono" onClick={() => onLook(name)}>
                        {name}
                      </button>
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
