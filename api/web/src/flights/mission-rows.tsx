/** Missions: what is to be flown, what is still missing before take-off, and the area for the flight app. */

import { useState } from "preact/hooks";
import { reportMission } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { Me, Mission } from "../api/types";
import { decimal, squareMetres } from "../domain/format";
import { language, LOCALES, say, t, word } from "../i18n";
import { ProblemLine } from "../ui/problem-line";
import { PlanMission } from "./plan-mission";
import { at } from "./words";

interface Props {
  me: Me;
  missions: readonly Mission[];
  /** Absent where no flight can be begun. */
  onFly?: (missionId: string) => void;
  onChange: () => void;
}

export function MissionRows({ me, missions, onFly, onChange }: Props) {
  if (!missions.length) return <p class="fine">{t("missions.none")}</p>;
  return (
    <ul class="plain mission-rows" aria-label={t("missions.title")}>
      {missions.map((one) => (
        <Row key={one.mission_id} me={me} mission={one} onFly={onFly} onChange={onChange} />
      ))}
    </ul>
  );
}

function Row({ me, mission, onFly, onChange }: Omit<Props, "missions" | "onFly"> & { mission: Mission; onFly: Props["onFly"] | undefined }) {
  const [planning, setPlanning] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const open = mission.state === "asked" || mission.state === "flown";
  const locale = LOCALES[language.get()];

  async function report(what: "take_off" | "ended") {
    setProblem(null);
    try {
      await reportMission(mission.mission_id, mission.version, what);
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));
    }
    onChange();
  }

  return (
    <li class="run-row mission-row">
      <span class="run-head">
        <strong class="mono">{mission.mission_id}</strong>
        <span class={`run-state mission-${mission.state}`}>{word("mission_state", mission.state)}</span>
      </span>
      <span class="run-line">
        <span>
          {t("missions.what", {
            area: squareMetres(mission.area_m2, locale),
            cm: decimal(mission.gsd_m * 100, locale, 1),
            height: decimal(mission.height_m, locale, 0),
          })}
        </span>
        <span>{word("airspace", mission.airspace)}</span>
      </span>
      {mission.window_from && mission.window_to && (
        <span class="fine">
          {t("missions.window", { from: at(mission.window_from), to: at(mission.window_to) })}
          {mission.application_number && ` · ${t("missions.number", { number: mission.application_number })}`}
        </span>
      )}
      {mission.note && <span>{mission.note}</span>}
      {mission.state === "asked" && mission.missing.length > 0 && (
        <ul class="note missing" aria-label={t("missions.missing")}>
          {mission.missing.map((one) => (
            <li key={one.en}>{say(one)}</li>
          ))}
        </ul>
      )}
      <ProblemLine problem={problem} />
      {open && (
        <span class="mission-tools">
          <a class="button" href={`/api/missions/${mission.mission_id}/area.kml`} download>
            {t("missions.kml")}
          </a>
          <a class="button" href={`/api/missions/${mission.mission_id}/area.kmz`} download>
            {t("missions.kmz")}
          </a>
          {!mission.reported_at && (
            <button type="button" onClick={() => report("take_off")}>
              {t("missions.report")}
            </button>
          )}
          {mission.reported_at && !mission.ended_at && (
            <button type="button" onClick={() => report("ended")}>
              {t("missions.end")}
            </button>
          )}
          {me.rights.includes("missions") && (
            <button type="button" onClick={() => setPlanning(true)}>
              {t("missions.plan")}
            </button>
          )}
          {onFly && (
            <button type="button" class="primary" onClick={() => onFly(mission.mission_id)}>
              {t("missions.fly")}
            </button>
          )}
        </span>
      )}
      {planning && (
        <PlanMission
          mission={mission}
          onClose={() => setPlanning(false)}
          onDone={() => {
            setPlanning(false);
            onChange();
          }}
        />
      )}
    </li>
  );
}
