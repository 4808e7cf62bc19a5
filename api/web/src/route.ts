/** The page's address: leads or runs, which is open, what the list is filtered by, list or map. */

import { filtersFrom, searchOf, type Filters } from "./domain/filters";
import { createStore } from "./store";

/** A run that was filed, or a job that stands for none. */
export interface Opened {
  kind: "run" | "job";
  id: string;
}

export interface Route {
  /** Which of the two pages. */
  section: "leads" | "runs";
  leadId: string | null;
  /** On the page of runs. */
  opened: Opened | null;
  filters: Filters;
  /** On a narrow screen: whether the map stands in place of the list. */
  map: boolean;
}

export function routeOf(path: string, search: string, hash: string): Route {
  const [, part, id] = /^\/(leads|runs|jobs)(?:\/([0-9a-f]{16}))?\/?$/.exec(path) ?? [];
  const runs = part === "runs" || part === "jobs";
  return {
    section: runs ? "runs" : "leads",
    leadId: (part === "leads" && id) || null,
    opened: runs && id ? { kind: part === "runs" ? "run" : "job", id } : null,
    filters: filtersFrom(search),
    map: hash === "#map",
  };
}

export function addressOf(route: Route): string {
  if (route.section === "runs") {
    return route.opened ? `/${route.opened.kind}s/${route.opened.id}` : "/runs";
  }
  return `/${route.leadId ? `leads/${route.leadId}` : ""}${searchOf(route.filters)}${route.map ? "#map" : ""}`;
}

export const route = createStore<Route>(here());

/** Go somewhere; `replace` leaves no step to go back to. */
export function go(change: Partial<Route>, replace = false): void {
  const next = { ...route.get(), ...change };
  history[replace ? "replaceState" : "pushState"](null, "", addressOf(next));
  route.set(next);
}

export function followHistory(): void {
  addEventListener("popstate", () => route.set(here()));
}

function here(): Route {
  if (typeof location === "undefined") return routeOf("/", "", "");
  return routeOf(location.pathname, location.search, location.hash);
}
