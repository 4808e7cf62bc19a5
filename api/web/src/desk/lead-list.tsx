/** The list of leads. */

import { useEffect, useRef } from "preact/hooks";
import { problemKey } from "../api/problem";
import type { LeadSummary, ZoneKind } from "../api/types";
import { squareMetres } from "../domain/format";
import { language, LOCALES, suspected, t, word } from "../i18n";
import { addressOf, go, route } from "../route";
import { PriorityBadge, StatusBadge } from "../ui/badges";
import type { LeadList as Leads } from "./use-leads";

const TELLING: readonly ZoneKind[] = [
  "eco_redline",
  "protected_area",
  "water_source_zone",
  "licensed_yard",
];

interface Props {
  list: Leads;
  openId: string | null;
  /** The status all of them are asked to have, or empty. */
  status: string;
  onAll: () => void;
}

export function LeadList({ list, openId, status, onAll }: Props) {
  if (list.problem && !list.leads.length) {
    return (
      <div class="empty" role="alert">
        <p>{t(problemKey(list.problem))}</p>
        <button type="button" onClick={list.reload}>
          {t("action.again")}
        </button>
      </div>
    );
  }
  if (!list.leads.length && !list.busy) {
    return (
      <div class="empty">
        <p>{t("list.empty")}</p>
        <button type="button" onClick={onAll}>
          {t("list.show_all")}
        </button>
      </div>
    );
  }
  return (
    <div class="leads-scroll" aria-busy={list.busy}>
      <ul class="leads" aria-label={t("list.title")}>
        {list.leads.map((lead) => (
          <Row
            key={lead.lead_id}
            lead={lead}
            open={lead.lead_id === openId}
            tellStatus={lead.status !== status}
          />
        ))}
      </ul>
      {list.more && (
        <button type="button" class="more" disabled={list.busy} onClick={list.loadMore}>
          {t("list.more")}
        </button>
      )}
      {list.busy && <p class="fine centred">{t("app.loading")}</p>}
    </div>
  );
}

function Row({ lead, open, tellStatus }: { lead: LeadSummary; open: boolean; tellStatus: boolean }) {
  const link = useRef<HTMLAnchorElement>(null);
  const locale = LOCALES[language.get()];
  useEffect(() => {
    if (open) link.current?.scrollIntoView({ block: "nearest" });
  }, [open]);

  function show(event: MouseEvent) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab
    event.preventDefault();
    go({ leadId: lead.lead_id });
  }

  return (
    <li>
      <a
        ref={link}
        href={addressOf({ ...route.get(), leadId: lead.lead_id })}
        class="lead-row"
        aria-current={open ? "true" : undefined}
        onClick={show}
      >
        <span class="lead-row-head">
          <PriorityBadge priority={lead.priority} />
          <strong>{suspected(lead.change_class)}</strong>
          {tellStatus && <StatusBadge status={lead.status} />}
        </span>
        <span class="lead-row-line">
          <span class="mono">{lead.spot_code}</span>
          <span>{t("unit.m2", { area: squareMetres(lead.area_m2, locale) })}</span>
        </span>
        <span class="lead-row-line">
          <span>{lead.district_name ?? t("lead.no_district")}</span>
          <span>
            {lead.date_before} → {lead.date_after}
          </span>
        </span>
        <Marks lead={lead} />
      </a>
    </li>
  );
}

function Marks({ lead }: { lead: LeadSummary }) {
  const kinds = TELLING.filter((kind) => lead.zone_kinds.includes(kind));
  if (!kinds.length && !lead.holder && !lead.unit) return null;
  return (
    <span class="marks">
      {kinds.map((kind) => (
        <span key={kind} class={`zone-mark ${kind}`}>
          {word("zone_kind", kind)}
        </span>
      ))}
      {lead.holder && <span class="zone-mark">{t("lead.held_by", { who: lead.holder })}</span>}
      {lead.unit && <span class="zone-mark">{word("unit", lead.unit)}</span>}
    </span>
  );
}
