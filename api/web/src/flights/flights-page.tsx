/** The page of flights: what is wanted, what was uploaded, and what became of it. */

import { useEffect, useState } from "preact/hooks";
import { problemKey } from "../api/problem";
import type { Me } from "../api/types";
import { t } from "../i18n";
import { go, route } from "../route";
import { useStore } from "../store";
import { TopBar } from "../ui/top-bar";
import { FlightPanel } from "./flight-panel";
import { FlightRows } from "./flight-rows";
import { MissionRows } from "./mission-rows";
import { NewFlight } from "./new-flight";
import { isSending } from "./uploading";
import { useFlights } from "./use-flights";

export function FlightsPage({ me }: { me: Me }) {
  const { flightId } = useStore(route);
  const list = useFlights();
  const [mission, setMission] = useState<string | null>(null);
  useEffect(askBeforeLeaving, []);
  return (
    <div class={`shell flights-page ${flightId ? "has-flight" : ""}`}>
      <TopBar me={me} />
      <main class="flights-main" aria-label={t("flights.title")}>
        {list.problem && (
          <p class="problem" role="alert">
            {t(problemKey(list.problem))}{" "}
            <button type="button" onClick={list.reload}>
              {t("action.again")}
            </button>
          </p>
        )}
        <NewFlight
          missions={list.missions}
          mission={mission}
          onMission={setMission}
          onOpened={(id) => {
            list.reload();
            go({ flightId: id });
          }}
        />
        <h2>{t("missions.title")}</h2>
        <MissionRows me={me} missions={list.missions} onFly={setMission} onChange={list.reload} />
        <h2>{t("flights.title")}</h2>
        {list.waiting ? (
          <p class="waiting">{t("app.loading")}</p>
        ) : (
          <FlightRows flights={list.flights} openId={flightId} />
        )}
        {list.more && (
          <button type="button" class="quiet" onClick={list.loadMore}>
            {t("list.more")}
          </button>
        )}
      </main>
      {flightId ? (
        <FlightPanel key={flightId} me={me} flightId={flightId} onChange={list.reload} />
      ) : (
        <p class="flight-none waiting">{t("flights.pick")}</p>
      )}
    </div>
  );
}

/** A tab that is closed stops what it sends; the browser asks first. */
function askBeforeLeaving(): () => void {
  const ask = (event: BeforeUnloadEvent) => {
    if (isSending()) event.preventDefault();
  };
  addEventListener("beforeunload", ask);
  return () => removeEventListener("beforeunload", ask);
}
