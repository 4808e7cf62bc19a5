/** One lead with everything. */

import { problemKey } from "../api/problem";
import type { Action, LeadDetail, Me } from "../api/types";
import { squareMetres, decimal, day, instant } from "../domain/format";
import { keyOf } from "../domain/keys";
import { language, LOCALES, say, suspected, t, word } from "../i18n";
import type { OpenLead } from "../desk/use-lead";
import { PriorityBadge, StatusBadge } from "../ui/badges";
import { History } from "./history";
import { LeadFlights } from "./lead-flights";
import { machineFacts } from "./machine";
import { Score } from "./score";
import { Swipe } from "./swipe";
import { Zones } from "./zones";

interface Props {
  me: Me;
  open: OpenLead;
  busy: boolean;
  flipped: boolean;
  onFlip: (flipped: boolean) => void;
  onAction: (action: Action) => void;
  onClose: () => void;
}

export function LeadPanel({ me, open, busy, flipped, onFlip, onAction, onClose }: Props) {
  const lead = open.seen?.lead;
  return (
    <article class="lead-panel" aria-label={t("lead.title")} aria-busy={!lead && !open.problem}>
      <button type="button" class="quiet close panel-close" onClick={onClose} aria-label={t("action.back")}>
        <span class="narrow">← {t("action.back")}</span>
        <span class="wide">×</span>
      </button>
      {open.problem && (
        <div class="empty" role="alert">
          <p>{t(problemKey(open.problem))}</p>
          <button type="button" onClick={open.reload}>
            {t("action.again")}
          </button>
        </div>
      )}
      {lead && (
        <>
          <div class="lead-scroll">
            <Head lead={lead} />
            <Flags lead={lead} />
            {lead.pictures ? (
              <Swipe key={lead.lead_id} lead={lead} pictures={lead.pictures} flipped={flipped} onFlip={onFlip} />
            ) : (
              <p class="note">{t("picture.none")}</p>
            )}
            <Facts lead={lead} />
            <Score card={lead.scorecard} />
            <Zones lead={lead} />
            <LeadFlights me={me} lead={lead} onChange={open.reload} />
            <History lead={lead} />
            <p class="notice-line">{say(lead.notice)}</p>
          </div>
          <Actions lead={lead} busy={busy} onAction={onAction} />
        </>
      )}
      {!lead && !open.problem && <p class="waiting">{t("app.loading")}</p>}
    </article>
  );
}

function Head({ lead }: { lead: LeadDetail }) {
  return (
    <header class="lead-head">
      <h2>{suspected(lead.change_class)}</h2>
      <p class="lead-sub">
        <span class="mono">{lead.spot_code}</span>
        <StatusBadge status={lead.status} />
      </p>
      <p class="advice">
        <PriorityBadge priority={lead.priority} />
        {t("score.advice", { priority: word("priority", lead.priority) })}
      </p>
    </header>
  );
}

/** What a reader is warned of: a run that was taken back after somebody had acted on the lead. */
function Flags({ lead }: { lead: LeadDetail }) {
  if (!lead.flags.length) return null;
  return (
    <div class="flags" role="alert">
      {lead.flags.map((flag) => (
        <p key={flag.kind + flag.run_id} class="problem">
          <strong>{word("flag_kind", flag.kind)}</strong>
          <span class="block fine">
            {t("flag.reason", { reason: flag.reason, at: instant(flag.flagged_at, LOCALES[language.get()]) })}
          </span>
        </p>
      ))}
    </div>
  );
}

function Facts({ lead }: { lead: LeadDetail }) {
  const locale = LOCALES[language.get()];
  const by = word("class_by", lead.class_by);
  const rows: [string, string][] = [
    [t("fact.district"), lead.district_name ?? t("lead.no_district")],
    [
      t("fact.area"),
      t("fact.area_value", {
        m2: squareMetres(lead.area_m2, locale),
        mu: decimal(lead.area_mu, locale),
      }),
    ],
    [t("fact.dates"), t("fact.dates_value", { before: lead.date_before, after: lead.date_after })],
    [t("fact.class_by"), by],
    [t("fact.origin"), word("origin", lead.origin)],
    [
      t("fact.probability"),
      lead.score === null ? t("value.unknown") : decimal(lead.score, locale),
    ],
    ...machineFacts(lead),
    [
      t("fact.coregistration"),
      lead.coregistration_m === null
        ? t("value.unknown")
        : t("unit.m", { length: decimal(lead.coregistration_m, locale) }),
    ],
    [
      t("fact.shore"),
      lead.shore === null ? t("value.unknown") : lead.shore[language.get()],
    ],
  ];
  if (lead.recurrence_count > 0) rows.push([t("fact.recurrence"), String(lead.recurrence_count)]);
  if (lead.holder) rows.push([t("fact.holder"), lead.holder]);
  if (lead.unit) rows.push([t("fact.unit"), word("unit", lead.unit)]);
  if (lead.due_at) rows.push([t("fact.due"), instant(lead.due_at, locale)]);
  if (lead.discard_reason) {
    rows.push([t("fact.discard_reason"), word("discard_reason", lead.discard_reason)]);
  }
  if (lead.return_reason) {
    rows.push([t("fact.return_reason"), word("return_reason", lead.return_reason)]);
  }
  rows.push([t("fact.filed"), day(lead.created_at, locale)]);
  return (
    <section class="facts">
      <h3>{t("fact.title")}</h3>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <a class="button navigate" href={lead.navigation.url} target="_blank" rel="noreferrer noopener">
        {t("navigation.open")}
      </a>
      <p class="fine">{t("navigation.note")}</p>
    </section>
  );
}

const MAIN: ReadonlySet<Action> = new Set(["claim", "submit", "dispatch", "redispatch", "accept"]);

function Actions(props: { lead: LeadDetail; busy: boolean; onAction: (action: Action) => void }) {
  const shown = props.lead.actions.filter((action) => action !== "redraw"); // notebook's
  if (!shown.length) return null;
  return (
    <footer class="actions" aria-label={t("action.title")}>
      {shown.map((action) => (
        <button
          key={action}
          type="button"
          class={MAIN.has(action) ? "primary" : ""}
          disabled={props.busy}
          onClick={() => props.onAction(action)}
        >
          {word("action", action)} <kbd>{keyOf(action).toUpperCase()}</kbd>
        </button>
      ))}
    </footer>
  );
}
