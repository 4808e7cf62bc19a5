/** The page's address: which lead is open, what the list is filtered by, list or map on a phone. */

import { filtersFrom, searchOf, type Filters } from "./domain/filters";
import { createStore } from "./store";

export interface Route {
  leadId: string | null;
  filters: Filters;
  /** On a narrow screen: whether the map stands in place of the list. */
  map: boolean;
}

export function routeOf(path: string, search: string, hash: string): Route {
  const found = /^\/leads\/([0-9a-f]{16})\/?$/.exec(path);
  return { leadId: found?.[1] ?? null, filters: filtersFrom(search), map: hash === "#map" };
}

export const addressOf = (route: Route): string =>
  `/${route.leadId ? `leads/${route.leadId}` : ""}${searchOf(route.filters)}${route.map ? "#map" : ""}`;

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
