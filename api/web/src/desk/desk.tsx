/** The desk: list, map and the open lead. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Action, LeadSummary, Me, Step } from "../api/types";
import { searchOf, tabsOf, NO_FILTERS, type Filters } from "../domain/filters";
import { commandOf, type Command } from "../domain/keys";
import { t } from "../i18n";
import { LeadPanel } from "../lead/lead-panel";
import { StepDialog } from "../lead/step-dialog";
import { MapPlace } from "../map/map-place";
import { go, route } from "../route";
import { useStore } from "../store";
import { KeyHelp } from "../ui/key-help";
import { Notice } from "../ui/notice";
import { TopBar } from "../ui/top-bar";
import { FilterBar } from "./filter-bar";
import { LeadList } from "./lead-list";
import { useLead } from "./use-lead";
import { useLeads } from "./use-leads";
import { useSteps } from "./use-steps";

/** Steps that need nothing but the key. */
const AT_ONCE: readonly Action[] = ["claim", "release", "accept"];

export function Desk({ me }: { me: Me }) {
  useState(() => startWithWork(me));
  const { leadId, filters, map } = useStore(route);
  const [help, setHelp] = useState(false);
  const [asking, setAsking] = useState<Action | null>(null);
  const [flipped, setFlipped] = useState(false);
  const [changed, setChanged] = useState<LeadSummary | null>(null);
  const list = useLeads(filters);
  const open = useLead(leadId);
  const steps = useSteps(me, {
    changed: (lead) => {
      list.patch(lead);
      setChanged(lead);
      open.reload();
    },
    outdated: () => {
      setAsking(null);
      open.reload();
      list.reload();
    },
    claimed: (lead) => go({ leadId: lead.lead_id }),
  });

  const setFilters = (next: Filters) => go({ filters: next, leadId: null }, false);

  function start(action: Action) {
    const seen = open.seen;
    if (!seen?.lead.actions.includes(action) || steps.busy) return;
    if (AT_ONCE.includes(action)) void steps.take(seen.lead, seen.etag, { action });
    else setAsking(action);
  }

  async function send(body: Step) {
    if (open.seen && (await steps.take(open.seen.lead, open.seen.etag, body))) setAsking(null);
  }

  function move(by: number) {
    const at = list.leads.findIndex((lead) => lead.lead_id === leadId);
    const next = list.leads[at < 0 ? 0 : at + by];
    if (next) go({ leadId: next.lead_id }, at >= 0);
    if (at >= list.leads.length - 3 && list.more) list.loadMore();
  }

  function obey(command: Command) {
    switch (command) {
      case "next":
        return move(1);
      case "previous":
        return move(-1);
      case "claim_next":
        return me.rights.includes("review") ? void steps.claimNext(filters.district) : undefined;
      case "flip":
        return setFlipped((now) => !now);
      case "undo":
        return steps.undo();
      case "close":
        return leadId ? go({ leadId: null }) : undefined;
      case "map":
        return go({ map: !map });
      case "help":
        return setHelp(true);
      default:
        return start(command);
    }
  }
  useKeys(obey);

  const closeNotice = useCallback(steps.clear, []);
  const pick = useCallback((id: string) => go({ leadId: id }), []);
  return (
    <div class={`shell desk ${leadId ? "has-lead" : ""} ${map ? "on-map" : ""}`}>
      <TopBar me={me} onHelp={() => setHelp(true)} />
      <section class="side" aria-label={t("list.title")}>
        <FilterBar me={me} filters={filters} count={list.count} onChange={setFilters} />
        <LeadList list={list} openId={leadId} status={filters.status} onAll={() => setFilters(NO_FILTERS)} />
        {me.rights.includes("review") && (
          <button
            type="button"
            class="primary claim-next"
            disabled={steps.busy}
            onClick={() => obey("claim_next")}
          >
            {t("keys.claim_next")} <kbd>N</kbd>
          </button>
        )}
      </section>
      <MapPlace filters={filters} open={open.seen?.lead ?? null} changed={changed} shown={map} onPick={pick} />
      {leadId && (
        <LeadPanel
          me={me}
          open={open}
          busy={steps.busy}
          flipped={flipped}
          onFlip={setFlipped}
          onAction={start}
          onClose={() => obey("close")}
        />
      )}
      <nav class="bottom-bar" aria-label={t("nav.title")}>
        <button type="button" aria-pressed={!map} onClick={() => go({ map: false, leadId: null })}>
          {t("nav.list")}
        </button>
        <button type="button" aria-pressed={map} onClick={() => go({ map: true, leadId: null })}>
          {t("nav.map")}
        </button>
      </nav>
      <Notice told={steps.told} onClose={closeNotice} />
      {asking && open.seen && (
        <StepDialog
          key={asking}
          action={asking}
          lead={open.seen.lead}
          busy={steps.busy}
          problem={steps.mendable}
          onSend={send}
          onClose={() => setAsking(null)}
        />
      )}
      {help && <KeyHelp onClose={() => setHelp(false)} />}
    </div>
  );
}

/** An analyst who comes without an address of their own begins with what waits for somebody. */
function startWithWork(me: Me): void {
  const [first] = tabsOf(me);
  const untouched = searchOf(route.get().filters) === "" && !route.get().leadId;
  if (me.role === "analyst" && first && untouched) {
    go({ filters: { ...NO_FILTERS, status: first.status } }, true);
  }
}

function useKeys(obey: (command: Command) => void) {
  const latest = useRef(obey);
  latest.current = obey;
  useEffect(() => {
    function press(event: KeyboardEvent) {
      if (document.querySelector("dialog[open]")) return;
      const at = event.target as HTMLElement;
      const writing = /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) && event.key !== "Escape";
      const range = at instanceof HTMLInputElement && at.type === "range";
      const command = commandOf({
        key: event.key,
        ctrlKey: event.ctrlKey,
        metaKey: event.metaKey,
        altKey: event.altKey,
        writing: writing && !range,
      });
      if (!command) return;
      event.preventDefault();
      latest.current(command);
    }
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
