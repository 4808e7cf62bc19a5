/** The page's address: leads, runs, passes or flights, which is open, what the list is filtered by, list or map. */

import { filtersFrom, searchOf, type Filters } from "./domain/filters";
import { createStore } from "./store";

/** A run that was filed, or a job that stands for none. */
export interface Opened {
  kind: "run" | "job";
  id: string;
}

export interface Route {
  /** Which of the pages. */
  section: "leads" | "runs" | "passes" | "flights";
  leadId: string | null;
  /** On the page of runs. */
  opened: Opened | null;
  /** On the page of passes: the district whose coverage is shown. */
  district: string | null;
  /** On the page of flights. */
  flightId: string | null;
  filters: Filters;
  /** On a narrow screen: whether the map stands in place of the list. */
  map: boolean;
}

export function routeOf(path: string, search: string, hash: string): Route {
  const [, part, id] = /^\/(leads|runs|jobs)(?:\/([0-9a-f]{16}))?\/?$/.exec(path) ?? [];
  const runs = part === "runs" || part === "jobs";
  const [passes, district] = /^\/passes(?:\/([0-9]{6}))?\/?$/.exec(path) ?? [];
  const [flights, flight] = /^\/flights(?:\/(f-[0-9a-f]{12}))?\/?$/.exec(path) ?? [];
  return {
    section: flights ? "flights" : passes ? "passes" : runs ? "runs" : "leads",
    leadId: (part === "leads" && id) || null,
    opened: runs && id ? { kind: part === "runs" ? "run" : "job", id } : null,
    district: district ?? null,
    flightId: flight ?? null,
    filters: filtersFrom(search),
    map: hash === "#map",
  };
}

export function addressOf(route: Route): string {
  if (route.section === "passes") return `/passes${route.district ? `/${route.district}` : ""}`;
  if (route.section === "flights") return `/flights${route.flightId ? `/${route.flightId}` : ""}`;
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
