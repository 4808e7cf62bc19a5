/** Flights and missions one may see, asked for again and again: often while something is under way. */

import { useEffect, useState } from "preact/hooks";
import { listFlights, listMissions, readFlight } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { Flight, FlightDetail, Mission } from "../api/types";

const SOON_MS = 3000;
const LATER_MS = 30_000;

export interface FlightList {
  flights: readonly Flight[];
  missions: readonly Mission[];
  waiting: boolean;
  problem: ApiProblem | null;
  more: boolean;
  loadMore: () => void;
  reload: () => void;
}

const asProblem = (error: unknown): ApiProblem =>
  error instanceof ApiProblem ? error : new ApiProblem(0, "internal", "");

/** Whether something will soon be different. */
export const isUnderWay = (flight: Flight): boolean => flight.state === "received" || flight.state === "receiving";

export function useFlights(): FlightList {
  const [page, setPage] = useState<{ flights: readonly Flight[]; next: string | null }>({ flights: [], next: null });
  const [missions, setMissions] = useState<readonly Mission[]>([]);
  const [waiting, setWaiting] = useState(true);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [asked, setAsked] = useState(0);

  useEffect(() => {
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    async function ask() {
      let wait = LATER_MS;
      try {
        const [first, wanted] = await Promise.all([listFlights(null, control.signal), listMissions(control.signal)]);
        setPage((now) => merged(now, first));
        setMissions(wanted);
        setProblem(null);
        if (first.flights.some(isUnderWay)) wait = SOON_MS;
      } catch (error) {
        if (control.signal.aborted) return;
        setProblem(asProblem(error));
      }
      setWaiting(false);
      timer = setTimeout(() => void ask(), wait);
    }
    void ask();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [asked]);

  async function loadMore() {
    const cursor = page.next;
    if (!cursor) return;
    try {
      const next = await listFlights(cursor);
      setPage((now) => (now.next === cursor ? { flights: [...now.flights, ...next.flights], next: next.next } : now));
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  return {
    flights: page.flights,
    missions,
    waiting,
    problem,
    more: page.next !== null,
    loadMore: () => void loadMore(),
    reload: () => setAsked((n) => n + 1),
  };
}

type Page = { flights: readonly Flight[]; next: string | null };

/** The first page anew, and below it what was loaded of later ones. */
function merged(before: Page, first: Page): Page {
  const fresh = new Set(first.flights.map((one) => one.flight_id));
  const older = before.flights.filter((one) => !fresh.has(one.flight_id));
  const reaches = before.flights.some((one) => fresh.has(one.flight_id));
  return older.length && reaches ? { flights: [...first.flights, ...older], next: before.next } : first;
}

export interface OpenFlight {
  flight: FlightDetail | null;
  problem: ApiProblem | null;
  reload: () => void;
}

export function useFlight(flightId: string | null): OpenFlight {
  const [flight, setFlight] = useState<FlightDetail | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [asked, setAsked] = useState(0);

  useEffect(() => {
    if (!flightId) return;
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    async function ask(id: string) {
      try {
        const read = await readFlight(id, control.signal);
        setFlight(read);
        setProblem(null);
        if (isUnderWay(read)) timer = setTimeout(() => void ask(id), SOON_MS);
      } catch (error) {
        if (!control.signal.aborted) setProblem(asProblem(error));
      }
    }
    void ask(flightId);
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [flightId, asked]);

  const mine = flight?.flight_id === flightId ? flight : null;
  return { flight: mine, problem, reload: () => setAsked((n) => n + 1) };
}
