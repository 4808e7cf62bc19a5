/** Heaps of work, filters and order of the list. */

import type { Me } from "../api/types";
import { NO_FILTERS, ORDERS, searchOf, tabsOf, type Filters, type Tab } from "../domain/filters";
import { say, t, word } from "../i18n";
import { session, vocabulary } from "../session";

interface Props {
  me: Me;
  filters: Filters;
  count: string | null;
  onChange: (filters: Filters) => void;
}

const PRIORITIES = ["P1", "P2", "P3", "P4"];
const DISTRICT = /^\d{6}$/;

export function FilterBar({ me, filters, count, onChange }: Props) {
  const set = (change: Partial<Filters>) => onChange({ ...filters, ...change });
  const isOn = (tab: Tab) => filters.status === tab.status && filters.holder === tab.holder;
  const tabs = tabsOf(me);
  return (
    <div class="filters">
      <div class="tabs" role="group" aria-label={t("tabs.title")}>
        {tabs.map((tab) => (
          <button
            key={tab.key}
            type="button"
            aria-pressed={isOn(tab)}
            onClick={() => set({ status: tab.status, holder: tab.holder })}
          >
            {t(tab.key === "todo" ? `tabs.todo.${roleOf(me)}` : `tabs.${tab.key}`)}
          </button>
        ))}
      </div>
      <div class="filter-row">
        <Selects filters={filters} set={set} />
      </div>
      <div class="filter-row last">
        <div class="toggles" role="group" aria-label={t("filter.priority")}>
          {PRIORITIES.map((one) => (
            <button
              key={one}
              type="button"
              class={`toggle ${one}`}
              aria-pressed={filters.priority.includes(one)}
              onClick={() => set({ priority: toggled(filters.priority, one) })}
            >
              {one}
            </button>
          ))}
        </div>
        <select
          aria-label={t("filter.order")}
          value={filters.order}
          onChange={(event) => set({ order: event.currentTarget.value })}
        >
          {ORDERS.map((order) => (
            <option key={order} value={order}>
              {t(`order.${order}` as "order.priority")}
            </option>
          ))}
        </select>
        <span class="count" role="status">
          {count === null ? "" : t("list.count", { count })}
        </span>
        {isFiltered(filters, tabs) && (
          <button type="button" class="quiet" onClick={() => onChange(unfiltered(filters, tabs))}>
            {t("filter.clear")}
          </button>
        )}
      </div>
    </div>
  );
}

function Selects({ filters, set }: { filters: Filters; set: (change: Partial<Filters>) => void }) {
  const words = vocabulary.get();
  const codes = (section: string) => Object.keys(words?.words[section] ?? {});
  const named = (section: string) => codes(section).map((code) => [code, word(section, code)] as const);
  const classes = (words?.classes ?? []).map((row) => [row.label, say(row)] as const);
  const districts = named("unit").filter(([code]) => DISTRICT.test(code));
  const zones = named("zone_kind").filter(([code]) => code !== "district");
  return (
    <>
      {!session.get()?.unit && (
        <Choice label={t("filter.district")} value={filters.district} choices={districts}
          onChange={(district) => set({ district })} />
      )}
      <Choice label={t("filter.status")} value={filters.status} choices={named("status")}
        onChange={(status) => set({ status, holder: "" })} />
      <Choice label={t("filter.class")} value={filters.change_class} choices={classes}
        onChange={(change_class) => set({ change_class })} />
      <Choice label={t("filter.zone")} value={filters.zone_kind} choices={zones}
        onChange={(zone_kind) => set({ zone_kind })} />
    </>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  choices: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}

function Choice({ label, value, choices, onChange }: ChoiceProps) {
  return (
    <select
      aria-label={label}
      class={value ? "chosen" : ""}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">{t("filter.any", { name: label })}</option>
      {choices.map(([code, name]) => (
        <option key={code} value={code}>
          {name}
        </option>
      ))}
    </select>
  );
}

const toggled = (all: readonly string[], one: string): readonly string[] =>
  all.includes(one) ? all.filter((other) => other !== one) : [...all, one].sort();

const onTab = ({ status, holder }: Filters, tabs: readonly Tab[]): boolean =>
  tabs.some((tab) => tab.status === status && tab.holder === holder);

/** Nothing but the heap of work that is looked at. */
const unfiltered = (filters: Filters, tabs: readonly Tab[]): Filters => ({
  ...NO_FILTERS,
  order: filters.order,
  ...(onTab(filters, tabs) ? { status: filters.status, holder: filters.holder } : {}),
});

const isFiltered = (filters: Filters, tabs: readonly Tab[]): boolean =>
  searchOf(filters) !== searchOf(unfiltered(filters, tabs));

const roleOf = (me: Me): "analyst" | "dispatcher" | "district_officer" =>
  me.role === "dispatcher" || me.role === "district_officer" ? me.role : "analyst";
