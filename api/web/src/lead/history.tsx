/** Passes that saw the place, what radar says of it, and the events so far. */

import type { LeadDetail, LeadEvent, LeadLink } from "../api/types";
import { instant, squareMetres } from "../domain/format";
import { className, language, LOCALES, t, word, type Key } from "../i18n";
import { addressOf, go, route } from "../route";

export function History({ lead }: { lead: LeadDetail }) {
  const locale = LOCALES[language.get()];
  return (
    <section class="history">
      <h3>{t("history.title")}</h3>
      <ol class="plain events">
        {[...lead.events].reverse().map((event) => (
          <li key={event.sequence}>
            <span class="event-head">
              <strong>{actionName(event)}</strong>
              <time dateTime={event.at}>{instant(event.at, locale)}</time>
            </span>
            <span class="fine block">
              {event.account_id ?? t("history.machine")}
              {event.from_status && event.from_status !== event.to_status
                ? ` · ${word("status", event.from_status)} → ${word("status", event.to_status)}`
                : ` · ${word("status", event.to_status)}`}
            </span>
            <Data event={event} />
          </li>
        ))}
      </ol>
      <h4>{t("history.observations", { count: lead.observations.length })}</h4>
      <ul class="plain">
        {lead.observations.map((one) => (
          <li key={one.observation_id} class="event-head">
            <span>
              {one.date_before} → {one.date_after}
            </span>
            <span class="fine">
              {one.withdrawn && <span class="within-error">{t("history.withdrawn")}</span>}{" "}
              {word("filing_outcome", one.outcome)} ·{" "}
              {t("unit.m2", { area: squareMetres(one.area_m2, locale) })}
            </span>
          </li>
        ))}
      </ul>
      <h4>{t("history.radar")}</h4>
      {lead.witnesses.length === 0 && <p class="fine">{t("history.radar_none")}</p>}
      <ul class="plain">
        {lead.witnesses.map((one) => (
          <li key={one.run_id} class="event-head">
            <span>
              {one.date_before} → {one.date_after}
            </span>
            <span class="fine">{radarSaid(one.seen)}</span>
          </li>
        ))}
      </ul>
      {lead.links.length > 0 && (
        <>
          <h4>{t("history.links", { count: lead.links.length })}</h4>
          <ul class="plain">
            {lead.links.map((link) => (
              <Tie key={`${link.from_lead_id} ${link.to_lead_id} ${link.run_id}`} lead={lead} link={link} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** A lead this one was merged with, split off or followed on, whichever way round. */
function Tie({ lead, link }: { lead: LeadDetail; link: LeadLink }) {
  const other = link.from_lead_id === lead.lead_id ? link.to_lead_id : link.from_lead_id;
  const merged = t(link.from_lead_id === lead.lead_id ? "history.merged_into" : "history.merged");
  const there = { ...route.get(), leadId: other };
  function show(event: MouseEvent) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab
    event.preventDefault();
    go({ leadId: other });
  }
  return (
    <li class="event-head">
      <a class="mono" href={addressOf(there)} onClick={show}>
        {other}
      </a>
      <span class="fine">
        {link.withdrawn && <span class="within-error">{t("history.withdrawn")}</span>}{" "}
        {link.kind === "merged" ? merged : word("filing_outcome", link.kind)}
      </span>
    </li>
  );
}

/** What an event of a flight tells: a step of the mission, or what the drone saw there. */
const FLIGHT_WORDS: Readonly<Record<string, Key>> = {
  asked: "history.flight_asked",
  cancelled: "history.flight_cancelled",
  planned: "history.flight_planned",
  take_off: "history.flight_take_off",
  ended: "history.flight_ended",
  seen: "history.flight_seen",
  unseen: "history.flight_unseen",
  not_covered: "history.flight_not_covered",
  not_comparable: "history.flight_not_comparable",
};

function flightTold(event: LeadEvent): string {
  const code = event.action === "flown" ? event.data["said"] : event.action === "flight_asked" ? event.data["what"] : "";
  const key = typeof code === "string" ? FLIGHT_WORDS[code] : undefined;
  return key ? t(key) : "";
}

function radarSaid(seen: boolean): string {
  return t(seen ? "history.radar_seen" : "history.radar_unseen");
}

function actionName(event: LeadEvent): string {
  const name = word("action", event.action);
  return name === event.action ? word("machine_action", event.action) : name;
}

/** What a step carried, in words; what only machines read is left out. */
function Data({ event }: { event: LeadEvent }) {
  const { note, discard_reason, return_reason, unit, change_class, due_at, outcome, reason } =
    event.data;
  const { seen, date_before, date_after } = event.data;
  const withdrawn = event.action === "withdrawn";
  const told = [
    flightTold(event),
    typeof discard_reason === "string" ? word("discard_reason", discard_reason) : "",
    typeof return_reason === "string" ? word("return_reason", return_reason) : "",
    typeof change_class === "string" && event.account_id ? className(change_class) : "",
    typeof unit === "string" ? word("unit", unit) : "",
    typeof due_at === "string"
      ? t("history.due", { due: instant(due_at, LOCALES[language.get()]) })
      : "",
    typeof note === "string" ? note : "",
    withdrawn && typeof outcome === "string" ? word("withdrawal_outcome", outcome) : "",
    withdrawn && typeof reason === "string" ? reason : "",
    event.action === "witnessed" && typeof seen === "boolean"
      ? t("history.radar_said", {
          before: String(date_before),
          after: String(date_after),
          said: radarSaid(seen),
        })
      : "",
  ].filter(Boolean);
  return told.length ? <span class="event-data">{told.join(" · ")}</span> : null;
}
