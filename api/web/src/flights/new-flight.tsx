/** A new flight: which mission, what it is called, and its files, chosen or dropped. */

import { useState } from "preact/hooks";
import { openFlight } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { Mission } from "../api/types";
import { t } from "../i18n";
import { ProblemLine } from "../ui/problem-line";
import { dropped, wanted } from "./choose";
import { send } from "./uploading";
import { at, size } from "./words";

interface Props {
  missions: readonly Mission[];
  mission: string | null;
  onMission: (mission: string | null) => void;
  onOpened: (flightId: string) => void;
}

export function NewFlight({ missions, mission, onMission, onOpened }: Props) {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const open = missions.filter((one) => one.state === "asked" || one.state === "flown");

  async function start(event: SubmitEvent) {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const name = String(given.get("name")).trim() || t("flights.unnamed", { at: at(new Date().toISOString()) });
    setBusy(true);
    setProblem(null);
    try {
      const flight = await openFlight({ name, mission_id: mission, files_announced: files.length });
      send(flight.flight_id, files, new Set());
      setFiles([]);
      (event.target as HTMLFormElement).reset();
      onOpened(flight.flight_id);
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));
    }
    setBusy(false);
  }

  return (
    <form class="new-flight" aria-label={t("flights.new")} onSubmit={start}>
      <h2>{t("flights.new")}</h2>
      <label>
        {t("flights.for")}
        <select value={mission ?? ""} onChange={(event) => onMission(event.currentTarget.value || null)}>
          <option value="">{t("flights.for_none")}</option>
          {open.map((one) => (
            <option key={one.mission_id} value={one.mission_id}>
              {one.mission_id}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("flights.name")}
        <input name="name" maxLength={120} placeholder={t("flights.name_hint")} />
      </label>
      <FilePicker onFiles={setFiles} />
      {files.length > 0 && (
        <p class="fine" role="status">
          {t("flights.chosen", { count: files.length, size: size(files.reduce((sum, one) => sum + one.size, 0)) })}
        </p>
      )}
      <ProblemLine problem={problem} />
      <button type="submit" class="primary" disabled={busy || !files.length}>
        {t("flights.send")}
      </button>
    </form>
  );
}

/** Preact knows no such attribute. */
const asFolder = (input: HTMLInputElement | null): void => void input?.toggleAttribute("webkitdirectory", true);

/** Where files are dropped or chosen: single ones, or a folder whole. */
export function FilePicker({ onFiles }: { onFiles: (files: readonly File[]) => void }) {
  const [over, setOver] = useState(false);
  const take = (event: Event) => onFiles(wanted((event.currentTarget as HTMLInputElement).files ?? []));
  return (
    <div
      class={`drop ${over ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer) void dropped(event.dataTransfer).then(onFiles);
      }}
    >
      <p>{t("flights.drop")}</p>
      <label class="button">
        {t("flights.choose_folder")}
        <input type="file" multiple ref={asFolder} class="unseen" onChange={take} />
      </label>
      <label class="button">
        {t("flights.choose_files")}
        <input type="file" multiple class="unseen" onChange={take} />
      </label>
    </div>
  );
}
