/** Files on their way to the server by the tus protocol: several at once, and gone on with after a dropped link. */

import { Upload, type DetailedError } from "tus-js-client";
import { createStore } from "../store";

export type Going = "waiting" | "sending" | "whole" | "stuck" | "refused";

/** One file, as the list shows it. */
export interface Sent {
  name: string;
  bytes: number;
  sent: number;
  going: Going;
  /** The server's own line, where it said no. */
  why: string | null;
}

const AT_ONCE = 3;
/** Waits between tries of a link that dropped; after the last a person may try again. */
const WAITS_MS = [0, 1000, 3000, 5000, 10_000, 30_000, 60_000];

/** What each flight of this page sends; it goes on while another page of ours is shown. */
export const sending = createStore<Readonly<Record<string, readonly Sent[]>>>({});

interface Task {
  flight: string;
  file: File;
  upload: Upload;
}

const queue: Task[] = [];
let busy = 0;

/** Send files to a flight; those of the same name that it sends already are left as they are. */
export function send(flight: string, files: readonly File[], whole: ReadonlySet<string>): void {
  const known = new Set((sending.get()[flight] ?? []).map((one) => one.name));
  for (const file of files) {
    const name = nameOf(file);
    if (known.has(name)) continue;
    known.add(name);
    if (whole.has(name)) {
      put(flight, { name, bytes: file.size, sent: file.size, going: "whole", why: null });
      continue;
    }
    put(flight, { name, bytes: file.size, sent: 0, going: "waiting", why: null });
    queue.push({ flight, file, upload: uploadOf(flight, file) });
  }
  next();
}

/** Try again what a dropped link left. */
export function sendAgain(flight: string): void {
  const again = (sending.get()[flight] ?? []).filter((one) => one.going === "stuck");
  for (const one of again) {
    const task = stuck.get(key(flight, one.name));
    if (!task) continue;
    stuck.delete(key(flight, one.name));
    put(flight, { ...one, going: "waiting", why: null });
    queue.push(task);
  }
  next();
}

/** How people know a file: with its folders, where a folder was chosen. */
export const nameOf = (file: File): string => file.webkitRelativePath || file.name;

/** Bytes sent and to be sent of a flight's files. */
export function totals(files: readonly Sent[]): { sent: number; bytes: number; whole: number } {
  return {
    sent: files.reduce((sum, one) => sum + one.sent, 0),
    bytes: files.reduce((sum, one) => sum + one.bytes, 0),
    whole: files.filter((one) => one.going === "whole").length,
  };
}

/** Whether the page should ask before it is closed. */
export function isSending(): boolean {
  const all = Object.values(sending.get()).flat();
  return all.some((one) => one.going === "sending" || one.going === "waiting");
}

const stuck = new Map<string, Task>();
const key = (flight: string, name: string): string => `${flight}/${name}`;

function next(): void {
  while (busy < AT_ONCE && queue.length) {
    const task = queue.shift();
    if (!task) return;
    busy += 1;
    void begin(task);
  }
}

async function begin({ flight, file, upload }: Task): Promise<void> {
  change(flight, nameOf(file), { going: "sending" });
  // a closed tab or a server that was restarted: what is there already is not sent again
  const [earlier] = await upload.findPreviousUploads().catch(() => []);
  if (earlier) upload.resumeFromPreviousUpload(earlier);
  upload.start();
}

function ended(): void {
  busy -= 1;
  next();
}

function uploadOf(flight: string, file: File): Upload {
  const name = nameOf(file);
  const upload: Upload = new Upload(file, {
    endpoint: "/api/uploads",
    headers: { "X-Hongxian-Page": "1" },
    metadata: { flight, filename: name, filetype: file.type || "application/octet-stream" },
    retryDelays: WAITS_MS,
    removeFingerprintOnSuccess: true,
    fingerprint: async () => `hongxian ${flight} ${name} ${file.size} ${file.lastModified}`,
    onProgress: (sent) => change(flight, name, { sent }),
    onSuccess: () => {
      change(flight, name, { going: "whole", sent: file.size });
      ended();
    },
    onError: (error) => {
      const answer = (error as DetailedError).originalResponse;
      const refused = answer !== null && answer !== undefined && answer.getStatus() >= 400 && answer.getStatus() < 500;
      if (!refused) stuck.set(key(flight, name), { flight, file, upload });
      change(flight, name, { going: refused ? "refused" : "stuck", why: answer ? detailOf(answer.getBody()) : null });
      ended();
    },
  });
  return upload;
}

/** The line of a problem+json, or nothing of an answer of something in between. */
function detailOf(body: string): string | null {
  try {
    const told = JSON.parse(body) as { detail?: unknown };
    return typeof told.detail === "string" ? told.detail : null;
  } catch {
    return null;
  }
}

function put(flight: string, file: Sent): void {
  const all = sending.get();
  const rest = (all[flight] ?? []).filter((one) => one.name !== file.name);
  sending.set({ ...all, [flight]: [...rest, file] });
}

function change(flight: string, name: string, values: Partial<Sent>): void {
  const all = sending.get();
  const files = (all[flight] ?? []).map((one) => (one.name === name ? { ...one, ...values } : one));
  sending.set({ ...all, [flight]: files });
}
