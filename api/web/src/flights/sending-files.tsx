/** What a flight's upload has come to: how far it is, what is stuck, and how to go on. */

import type { FlightDetail } from "../api/types";
import { t, type Key } from "../i18n";
import { useStore } from "../store";
import { FilePicker } from "./new-flight";
import { send, sendAgain, sending, totals, type Going, type Sent } from "./uploading";
import { size } from "./words";

const SHOWN = 8;
const WORDS: Readonly<Record<Going, Key>> = {
  waiting: "upload.waiting",
  sending: "upload.sending",
  whole: "upload.whole",
  stuck: "upload.stuck",
  refused: "upload.refused",
};

export function SendingFiles({ flight }: { flight: FlightDetail }) {
  const files = useStore(sending)[flight.flight_id] ?? [];
  const { sent, bytes, whole } = totals(files);
  const here = new Set(flight.originals.map((one) => one.name));
  const stuck = files.filter((one) => one.going === "stuck");
  const rest = files.filter((one) => one.going !== "whole" && one.going !== "waiting");
  return (
    <section class="sending" aria-label={t("upload.title")}>
      <h3>{t("upload.title")}</h3>
      {files.length > 0 && (
        <>
          <progress class="sent" max={bytes} value={sent} aria-label={t("upload.progress")} />
          <p class="run-line" role="status">
            <span>{t("upload.counted", { whole, all: files.length })}</span>
            <span>{t("upload.bytes", { sent: size(sent), all: size(bytes) })}</span>
          </p>
        </>
      )}
      <ul class="plain">
        {rest.slice(0, SHOWN).map((one) => (
          <Row key={one.name} file={one} />
        ))}
      </ul>
      {stuck.length > 0 && (
        <button type="button" class="primary" onClick={() => sendAgain(flight.flight_id)}>
          {t("upload.again", { count: stuck.length })}
        </button>
      )}
      {whole === files.length && (
        <>
          <p class="note">
            {t("upload.waits", { here: flight.files, all: flight.files_announced ?? t("value.unknown") })}
          </p>
          <FilePicker onFiles={(chosen) => send(flight.flight_id, chosen, here)} />
        </>
      )}
    </section>
  );
}

function Row({ file }: { file: Sent }) {
  return (
    <li class={`sent-row ${file.going}`}>
      <span class="run-line">
        <span class="pass-name">{file.name}</span>
        <span>{file.going === "sending" ? size(file.sent) : t(WORDS[file.going])}</span>
      </span>
      {file.why && <span class="block fine">{file.why}</span>}
    </li>
  );
}
