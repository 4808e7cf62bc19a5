/** What the list and the map are asked for, and how it stands in the page's address. */

import type { LeadOrder, LeadQuery, Me } from "../api/types";

export interface Filters {
  district: string;
  status: string;
  holder: string;
  change_class: string;
  zone_kind: string;
  priority: readonly string[];
  order: string;
}

export const NO_FILTERS: Filters = {
  district: "",
  status: "",
  holder: "",
  change_class: "",
  zone_kind: "",
  priority: [],
  order: "priority",
};

export const ORDERS: readonly LeadOrder[] = ["priority", "newest", "largest", "uncertain"];
const SINGLE = ["district", "status", "holder", "change_class", "zone_kind"] as const;

/** The filters of an address's query; what it does not name is not filtered. */
export function filtersFrom(search: string): Filters {
  const given = new URLSearchParams(search);
  const filters: Filters = { ...NO_FILTERS, priority: given.getAll("priority") };
  for (const name of SINGLE) filters[name] = given.get(name) ?? "";
  const order = given.get("order") ?? "";
  if ((ORDERS as readonly string[]).includes(order)) filters.order = order;
  return filters;
}

/** The query of an address that says these filters. */
export function searchOf(filters: Filters): string {
  const query = new URLSearchParams();
  for (const name of SINGLE) if (filters[name]) query.set(name, filters[name]);
  for (const priority of filters.priority) query.append("priority", priority);
  if (filters.order !== NO_FILTERS.order) query.set("order", filters.order);
  const text = query.toString();
  return text && `?${text}`;
}

/** The same as parameters of the interface. */
export function queryOf(filters: Filters): LeadQuery {
  const query: Record<string, unknown> = { order: filters.order };
  for (const name of SINGLE) if (filters[name]) query[name] = [filters[name]];
  if (filters.priority.length) query["priority"] = [...filters.priority];
  return query as LeadQuery; // codes from an address may be wrong: the server says so
}

export interface Tab {
  key: "todo" | "mine" | "returned" | "accepted" | "all";
  status: string;
  holder: string;
}

const ALL: Tab = { key: "all", status: "", holder: "" };

/** The heaps of work a role has. */
export function tabsOf(me: Pick<Me, "role" | "account_id">): readonly Tab[] {
  switch (me.role) {
    case "analyst":
      return [
        { key: "todo", status: "candidate", holder: "" },
        { key: "mine", status: "desk_review", holder: me.account_id },
        ALL,
      ];
    case "dispatcher":
      return [
        { key: "todo", status: "pending_dispatch", holder: "" },
        { key: "returned", status: "returned", holder: "" },
        ALL,
      ];
    case "district_officer":
      return [
        { key: "todo", status: "dispatched", holder: "" },
        { key: "accepted", status: "accepted", holder: "" },
        ALL,
      ];
    default:
      return [ALL];
  }
}
