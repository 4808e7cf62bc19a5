/** One flight with everything. */

import { useState } from "preact/hooks";
import { problemKey } from "../api/problem";
import type { FlightDetail, Me } from "../api/types";
import { decimal, percent } from "../domain/format";
import { language, LOCALES, t, word } from "../i18n";
import { go } from "../route";
import { Custody } from "./custody";
import { Findings } from "./findings";
import { FlightPlace } from "./flight-place";
import { SendingFiles } from "./sending-files";
import { SignRows } from "./sign-rows";
import { useFlight } from "./use-flights";
import { at, metresText, productText, size } from "./words";
import { WithdrawFlight } from "./withdraw-flight";

interface Props {
  me: Me;
  flightId: string;
  onChange: () => void;
}

export function FlightPanel({ me, flightId, onChange }: Props) {
  const { flight, problem, reload } = useFlight(flightId);
  const [looked, setLooked] = useState<string | null>(null);
  const [leaving, setLeaving] = useState(false);
  return (
    <article class="flight-panel" aria-label={t("flights.detail")}>
      <button
        type="button"
        class="quiet close panel-close"
        aria-label={t("action.back")}
        onClick={() => go({ flightId: null })}
      >
        <span class="narrow">← {t("action.back")}</span>
        <span class="wide">×</span>
      </button>
      {problem && !flight && (
        <p class="problem" role="alert">
          {t(problemKey(problem))}
        </p>
      )}
      {!flight && !problem && <p class="waiting">{t("app.loading")}</p>}
      {flight && (
        <>
          <FlightPlace flight={flight} looked={looked} />
          <div class="flight-scroll">
            <Head flight={flight} />
            {flight.state === "receiving" && <SendingFiles flight={flight} />}
            <Findings flight={flight} onLook={setLooked} />
            <Made flight={flight} me={me} />
            {flight.product && <SignRows flightId={flight.flight_id} mayJudge={me.rights.includes("review")} />}
            <Custody flight={flight} mayShare={me.rights.includes("missions")} onChange={reload} />
            {flight.may_withdraw && (
              <button type="button" class="danger" onClick={() => setLeaving(true)}>
                {t("flights.withdraw")}
              </button>
            )}
          </div>
          {leaving && (
            <WithdrawFlight
              flight={flight}
              onClose={() => setLeaving(false)}
              onDone={() => {
                setLeaving(false);
                reload();
                onChange();
              }}
            />
          )}
        </>
      )}
    </article>
  );
}

function Head({ flight }: { flight: FlightDetail }) {
  return (
    <header class="flight-head">
      <h2>{flight.name}</h2>
      <p class="lead-sub">
        <span class="mono">{flight.flight_id}</span>
        <span class={`run-state flight-${flight.state}`}>{word("flight_state", flight.state)}</span>
      </p>
      {flight.reason && <p class={flight.state === "refused" ? "problem" : "note"}>{flight.reason}</p>}
      {flight.product && <p class="product">{productText(flight)}</p>}
      <dl class="facts-list">
        {rows(flight).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </header>
  );
}

function rows(flight: FlightDetail): [string, string][] {
  const found: [string, string][] = [
    [t("flights.files_here"), t("flights.files", { count: flight.files, size: size(flight.bytes) })],
    [t("flights.by"), flight.uploaded_by],
  ];
  if (flight.mission_id) found.push([t("flights.for"), flight.mission_id]);
  if (flight.flown_from && flight.flown_to) {
    found.push([t("flights.flown"), `${at(flight.flown_from)} – ${at(flight.flown_to)}`]);
  }
  if (flight.device) found.push([t("flights.device"), flight.device]);
  return found;
}

/** The image of the ground, and how it lies on the earlier one. */
function Made({ flight, me }: { flight: FlightDetail; me: Me }) {
  const locale = LOCALES[language.get()];
  const put = flight.placing;
  const number = (name: string): number | null => (typeof put?.[name] === "number" ? put[name] : null);
  const [east, north, sure, left] = ["east_m", "north_m", "confidence", "left_m"].map(number);
  return (
    <section class="made">
      {flight.has_preview && (
        <>
          <h3>{t("flights.image")}</h3>
          <img src={`/api/flights/${flight.flight_id}/preview.webp`} alt={t("flights.image")} loading="lazy" />
        </>
      )}
      {flight.before_date && (
        <p>
          {t("flights.compared", { day: flight.before_date })}
          {typeof east === "number" && typeof north === "number" && (
            <span class="block fine">
              {t("flights.placed", { east: decimal(east, locale, 1), north: decimal(north, locale, 1) })}
              {typeof sure === "number" && ` · ${t("flights.sure", { share: percent(sure) })}`}
              {typeof left === "number" && ` · ${t("flights.left", { length: metresText(left) })}`}
            </span>
          )}
        </p>
      )}
      {flight.run_job_id && me.rights.includes("imagery") && (
        <button
          type="button"
          onClick={() => go({ section: "runs", opened: { kind: "job", id: flight.run_job_id ?? "" } })}
        >
          {t("flights.run")}
        </button>
      )}
    </section>
  );
}
