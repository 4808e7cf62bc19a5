/** Every question the page asks the server: typed by the generated client, failing as ApiProblem. */

import createClient from "openapi-fetch";
import { session, sessionEnded } from "../session";
import { ApiProblem, problemFrom } from "./problem";
import type { paths } from "./schema";
import type {
  CoverageCorners,
  Coverages,
  Flight,
  FlightDetail,
  Job,
  JobDetail,
  Layer,
  LeadCount,
  LeadDetail,
  LeadFeatures,
  LeadPage,
  LeadQuery,
  Me,
  Mission,
  MissionPlan,
  NewFlight,
  NewMission,
  Pass,
  Run,
  RunDetail,
  Sign,
  Step,
  Taken,
  Vocabulary,
  Watch,
  ZoneFeatures,
  ZoneKind,
} from "./types";

const client = createClient<paths>({
  baseUrl: "",
  credentials: "same-origin",
  headers: { "X-Hongxian-Page": "1" }, // the cookie counts for changes only together with it
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

async function answered<T>(asked: Promise<Answer<T>>): Promise<{ data: T; response: Response }> {
  const asker = session.get();
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiProblem(0, "network", String(error));
  }
  if (answer.response.ok) return { data: answer.data as T, response: answer.response };
  const problem = problemFrom(answer.response.status, answer.error);
  // a late answer to a log-in that ran out does not end the one that followed it
  if (problem.status === 401 && session.get() === asker) sessionEnded();
  throw problem;
}

async function told<T>(asked: Promise<Answer<T>>): Promise<T> {
  return (await answered(asked)).data;
}

export function logIn(accountId: string, password: string): Promise<Me> {
  const body = { account_id: accountId, password, cookie: true };
  return told(client.POST("/api/session", { body }));
}

export const readSession = (): Promise<Me> => told(client.GET("/api/session"));

export async function logOut(): Promise<void> {
  await told<unknown>(client.DELETE("/api/session"));
}

export const readVocabulary = (): Promise<Vocabulary> => told(client.GET("/api/vocabulary"));

export const listLeads = (query: LeadQuery, signal?: AbortSignal): Promise<LeadPage> =>
  told(client.GET("/api/leads", { params: { query }, signal: signal ?? null }));

export const countLeads = (query: LeadQuery, signal?: AbortSignal): Promise<LeadCount> =>
  told(client.GET("/api/leads/count", { params: { query }, signal: signal ?? null }));

/** A lead as it was read: `etag` goes back with every step. */
export interface SeenLead {
  lead: LeadDetail;
  etag: string;
}

export async function readLead(leadId: string, signal?: AbortSignal): Promise<SeenLead> {
  const params = { path: { lead_id: leadId } };
  const asked = client.GET("/api/leads/{lead_id}", { params, signal: signal ?? null });
  const { data, response } = await answered<unknown>(asked);
  const lead = data as LeadDetail; // openapi-fetch widens the pairs of its corners to lists
  return { lead, etag: response.headers.get("ETag") ?? `"${lead.version}"` };
}

/** Take a step with the lead as it was seen; refused (412) when it changed since. */
export function takeStep(leadId: string, etag: string, body: Step): Promise<Taken> {
  const params = { path: { lead_id: leadId }, header: { "If-Match": etag } };
  return told(client.POST("/api/leads/{lead_id}/actions", { params, body }));
}

export const claimNext = (district: string[]): Promise<Taken> =>
  told(client.POST("/api/review/next", { body: { district, change_class: [] } }));

/** A page of filed runs, and the cursor of the next one. */
export interface RunPage {
  runs: Run[];
  next: string | null;
}

export async function listRuns(cursor: string | null, signal?: AbortSignal): Promise<RunPage> {
  const query = cursor === null ? {} : { cursor };
  const page = await told(client.GET("/api/runs", { params: { query }, signal: signal ?? null }));
  return { runs: page.runs, next: page.next_cursor };
}

export const listJobs = async (signal?: AbortSignal): Promise<Job[]> =>
  (await told(client.GET("/api/jobs", { signal: signal ?? null }))).jobs;

export const readRun = (runId: string, signal?: AbortSignal): Promise<RunDetail> => {
  const params = { path: { run_id: runId } };
  return told(client.GET("/api/runs/{run_id}", { params, signal: signal ?? null }));
};

export const readJob = (jobId: string, signal?: AbortSignal): Promise<JobDetail> => {
  const params = { path: { job_id: jobId } };
  return told(client.GET("/api/jobs/{job_id}", { params, signal: signal ?? null }));
};

export const withdrawRun = (runId: string, reason: string): Promise<RunDetail> => {
  const params = { path: { run_id: runId } };
  return told(client.POST("/api/runs/{run_id}/withdrawal", { params, body: { reason } }));
};

export const listCoverage = (signal?: AbortSignal): Promise<Coverages> =>
  told(client.GET("/api/coverage", { signal: signal ?? null }));

export const readCoverage = (code: string, signal?: AbortSignal): Promise<CoverageCorners> => {
  const params = { path: { code } };
  return told(client.GET("/api/coverage/{code}", { params, signal: signal ?? null }));
};

export const listWatches = async (signal?: AbortSignal): Promise<Watch[]> =>
  (await told(client.GET("/api/watches", { signal: signal ?? null }))).watches;

/** A page of the ledger, and the cursor of the next one. */
export interface PassPage {
  passes: Pass[];
  next: string | null;
}

export async function listPasses(cursor: string | null, signal?: AbortSignal): Promise<PassPage> {
  const query = cursor === null ? {} : { cursor };
  const page = await told(client.GET("/api/passes", { params: { query }, signal: signal ?? null }));
  return { passes: page.passes, next: page.next_cursor };
}

/** A page of flights, and the cursor of the next one. */
export interface FlightPage {
  flights: Flight[];
  next: string | null;
}

export async function listFlights(cursor: string | null, signal?: AbortSignal): Promise<FlightPage> {
  const query = cursor === null ? {} : { cursor };
  const page = await told(client.GET("/api/flights", { params: { query }, signal: signal ?? null }));
  return { flights: page.flights, next: page.next_cursor };
}

export const openFlight = (body: NewFlight): Promise<Flight> => told(client.POST("/api/flights", { body }));

export const readFlight = (flightId: string, signal?: AbortSignal): Promise<FlightDetail> => {
  const params = { path: { flight_id: flightId } };
  return told(client.GET("/api/flights/{flight_id}", { params, signal: signal ?? null }));
};

/** Frames, gaps and the filed area, as they are drawn. */
export const readReport = async (flightId: string, signal: AbortSignal): Promise<GeoJSON.FeatureCollection> => {
  const params = { path: { flight_id: flightId } };
  const report = await told<unknown>(client.GET("/api/flights/{flight_id}/report.geojson", { params, signal }));
  return report as GeoJSON.FeatureCollection;
};

export async function withdrawFlight(flightId: string, reason: string): Promise<void> {
  const params = { path: { flight_id: flightId } };
  await told<unknown>(client.POST("/api/flights/{flight_id}/withdrawal", { params, body: { reason } }));
}

export const listMissions = async (signal?: AbortSignal): Promise<Mission[]> =>
  (await told(client.GET("/api/missions", { signal: signal ?? null }))).missions as Mission[];

export const listLeadMissions = async (leadId: string, signal?: AbortSignal): Promise<Mission[]> => {
  const params = { path: { lead_id: leadId } };
  const found = await told(client.GET("/api/leads/{lead_id}/missions", { params, signal: signal ?? null }));
  return found.missions as Mission[];
};

export async function askForFlight(leadId: string): Promise<void> {
  const params = { path: { lead_id: leadId } };
  await told<unknown>(client.POST("/api/leads/{lead_id}/missions", { params, body: {} as NewMission }));
}

export async function planMission(missionId: string, body: MissionPlan): Promise<void> {
  const params = { path: { mission_id: missionId } };
  await told<unknown>(client.POST("/api/missions/{mission_id}/plan", { params, body }));
}

export async function reportMission(missionId: string, version: number, what: "take_off" | "ended"): Promise<void> {
  const params = { path: { mission_id: missionId } };
  await told<unknown>(client.POST("/api/missions/{mission_id}/report", { params, body: { version, what } }));
}

export async function cancelMission(missionId: string, version: number, reason: string): Promise<void> {
  const params = { path: { mission_id: missionId } };
  await told<unknown>(client.POST("/api/missions/{mission_id}/cancellation", { params, body: { version, reason } }));
}

export const listFlightSigns = async (flightId: string, signal?: AbortSignal): Promise<Sign[]> => {
  const params = { path: { flight_id: flightId } };
  const found = await told(client.GET("/api/flights/{flight_id}/signs", { params, signal: signal ?? null }));
  return found.signs as Sign[];
};

export const listLeadSigns = async (leadId: string, signal?: AbortSignal): Promise<Sign[]> => {
  const params = { path: { lead_id: leadId } };
  const found = await told(client.GET("/api/leads/{lead_id}/signs", { params, signal: signal ?? null }));
  return found.signs as Sign[];
};

export const judgeSign = async (signId: string, confirmed: boolean): Promise<Sign> => {
  const params = { path: { sign_id: signId } };
  const asked = client.POST("/api/signs/{sign_id}/judgement", { params, body: { confirmed } });
  return (await told<unknown>(asked)) as Sign;
};

/** Left, top, right and bottom in pixels of the upright photo. */
export type Box = readonly [number, number, number, number];

export const readBoxes = async (flightId: string, name: string): Promise<readonly Box[] | null> => {
  const params = { path: { flight_id: flightId }, query: { name } };
  const known = await told<unknown>(client.GET("/api/flights/{flight_id}/boxes", { params }));
  return (known as { boxes: readonly Box[] | null }).boxes;
};

export async function setBoxes(flightId: string, name: string, boxes: readonly Box[]): Promise<void> {
  const params = { path: { flight_id: flightId } };
  const body = { name, boxes: boxes.map((box) => [...box] as [number, number, number, number]) };
  await told<unknown>(client.PUT("/api/flights/{flight_id}/boxes", { params, body }));
}

/** An original, byte for byte; reading it is written into the chain of custody. */
export const readOriginal = async (flightId: string, name: string): Promise<Blob> => {
  const path = { flight_id: flightId, name: name.split("/").map(encodeURIComponent).join("/") };
  const asked = client.GET("/api/flights/{flight_id}/originals/{name}", {
    params: { path },
    parseAs: "blob",
    pathSerializer: (address, values) =>
      address.replace(/\{(\w+)\}/g, (_, key: string) => String((values as Record<string, unknown>)[key])),
  });
  return (await told<unknown>(asked)) as Blob;
};

/** A copy of a photo, or of the image of the ground, that may leave the case. */
export const copyOf = async (flightId: string, name: string | null, to: string, why: string): Promise<Blob> => {
  const params = { path: { flight_id: flightId } };
  const asked: Promise<Answer<unknown>> =
    name === null
      ? client.POST("/api/flights/{flight_id}/copies/image", { params, body: { to, why }, parseAs: "blob" })
      : client.POST("/api/flights/{flight_id}/copies/photo", { params, body: { name, to, why }, parseAs: "blob" });
  return (await told(asked)) as Blob;
};

export const listLayers = async (): Promise<Layer[]> =>
  (await told(client.GET("/api/layers"))).layers;

export const mapLeads = (
  query: LeadQuery & { bbox: string },
  signal?: AbortSignal,
): Promise<LeadFeatures> => {
  const { order: _, ...filters } = query;
  return told(client.GET("/api/map/leads", { params: { query: filters }, signal: signal ?? null }));
};

export const mapZones = (
  kind: ZoneKind,
  edition: string,
  bbox: string,
  signal?: AbortSignal,
): Promise<ZoneFeatures> =>
  told(client.GET("/api/map/zones", { params: { query: { kind, edition, bbox } }, signal: signal ?? null }));
