/** Flights in a list, the latest first. */

import type { Flight } from "../api/types";
import { t, word } from "../i18n";
import { addressOf, go, route } from "../route";
import { useStore } from "../store";
import { sending, totals } from "./uploading";
import { at, productText, size } from "./words";

export function FlightRows({ flights, openId }: { flights: readonly Flight[]; openId: string | null }) {
  const now = useStore(route);
  const all = useStore(sending);
  if (!flights.length) return <p class="fine">{t("flights.none")}</p>;
  return (
    <ul class="plain flight-rows" aria-label={t("flights.title")}>
      {flights.map((one) => (
        <li key={one.flight_id}>
          <a
            class="flight-row"
            href={addressOf({ ...now, section: "flights", flightId: one.flight_id })}
            aria-current={one.flight_id === openId ? "true" : undefined}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab
              event.preventDefault();
              go({ flightId: one.flight_id });
            }}
          >
            <span class="run-head">
              <strong>{one.name}</strong>
              <span class={`run-state flight-${one.state}`}>{word("flight_state", one.state)}</span>
            </span>
            <span class="run-line">
              <span>{t("flights.files", { count: one.files, size: size(one.bytes) })}</span>
              <span>{at(one.opened_at)}</span>
            </span>
            {one.product && <span class="fine">{productText(one)}</span>}
            {one.state === "receiving" && <Bar of={all[one.flight_id] ?? []} />}
            {one.reason && <span class="pass-reason">{one.reason}</span>}
          </a>
        </li>
      ))}
    </ul>
  );
}

function Bar({ of }: { of: Parameters<typeof totals>[0] }) {
  const { sent, bytes } = totals(of);
  return bytes ? <progress class="sent" max={bytes} value={sent} aria-label={t("upload.progress")} /> : null;
}
