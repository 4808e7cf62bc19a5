/** Under whose leave a mission flies: airspace, application, window, pilot; or that it is no longer wanted. */

import { useState } from "preact/hooks";
import { cancelMission, planMission } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { Airspace, Mission } from "../api/types";
import { t, word } from "../i18n";
import { Dialog } from "../ui/dialog";
import { ProblemLine } from "../ui/problem-line";

const SPACES: readonly Airspace[] = ["unknown", "green", "controlled", "forbidden"];

interface Props {
  mission: Mission;
  onDone: () => void;
  onClose: () => void;
}

export function PlanMission({ mission, onDone, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const [why, setWhy] = useState("");
  const [problem, setProblem] = useState<ApiProblem | null>(null);

  async function attempt(work: () => Promise<unknown>) {
    setBusy(true);
    setProblem(null);
    try {
      await work();
      onDone();
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));
      setBusy(false);
    }
  }

  function send(event: SubmitEvent) {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(given.get(name)).trim() || null;
    void attempt(() =>
      planMission(mission.mission_id, {
        version: mission.version,
        airspace: text("airspace") as Airspace,
        application_number: text("application_number"),
        window_from: inCity(text("window_from")),
        window_to: inCity(text("window_to")),
        assigned_to: text("assigned_to"),
        note: text("note"),
      }),
    );
  }

  return (
    <Dialog title={t("missions.plan_title", { id: mission.mission_id })} onClose={onClose}>
      <form class="step-form" onSubmit={send}>
        <label>
          {t("missions.airspace")}
          <select name="airspace" defaultValue={mission.airspace}>
            {SPACES.map((one) => (
              <option key={one} value={one} selected={one === mission.airspace}>
                {word("airspace", one)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t("missions.application")}
          <input name="application_number" maxLength={64} defaultValue={mission.application_number ?? ""} />
        </label>
        <div class="two-fields">
          <label>
            {t("missions.from")}
            <input type="datetime-local" name="window_from" defaultValue={cityText(mission.window_from)} />
          </label>
          <label>
            {t("missions.to")}
            <input type="datetime-local" name="window_to" defaultValue={cityText(mission.window_to)} />
          </label>
        </div>
        <label>
          {t("missions.pilot")}
          <input name="assigned_to" maxLength={64} defaultValue={mission.assigned_to ?? ""} />
        </label>
        <label>
          {t("missions.note")}
          <textarea name="note" rows={2} maxLength={2000} defaultValue={mission.note ?? ""} />
        </label>
        <ProblemLine problem={problem} />
        {leaving && (
          <label>
            {t("missions.cancel_why")}
            <span class="two-fields">
              <input value={why} maxLength={200} onInput={(event) => setWhy(event.currentTarget.value)} />
              <button
                type="button"
                class="danger"
                disabled={busy || !why.trim()}
                onClick={() => attempt(() => cancelMission(mission.mission_id, mission.version, why.trim()))}
              >
                {t("missions.cancel_sure")}
              </button>
            </span>
          </label>
        )}
        <div class="dialog-tools">
          <button type="button" class="danger" disabled={busy} onClick={() => setLeaving(true)}>
            {t("missions.cancel")}
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {t("missions.save")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A field's local time is the city's, wherever the browser stands. */
const inCity = (text: string | null): string | null => (text ? `${text}:00+08:00` : null);

function cityText(moment: string | null): string {
  if (!moment) return "";
  return new Date(moment).toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }).slice(0, 16).replace(" ", "T");
}
