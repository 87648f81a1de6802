// Everything that the page asks the service, typed as the service answers it.

export type Verdict = "reject" | "review" | "unknown surface" | "unusable" | "pass" | null;
export type State = "open" | "approved" | "rejected" | "corrected";
export type Decision = "approve" | "reject" | "correct" | "reopen";

export interface Sizes {
  length: number;
  mean_width: number;
  max_width: number;
  width_uncertainty: number;
}

export interface Crack {
  number: number;
  polyline_px: [number, number][];
  widths_px: (number | null)[];
  length_px: number;
  mean_width_px: number;
  max_width_px: number;
  max_width_at: [number, number];
  width_uncertainty_px: number;
  direction: string;
  doubt: string | null;
  mm: Sizes | null;
  grade: string | null;
}

export interface Region {
  bbox_px: [number, number, number, number];
  area_px: number;
  score: number;
  label: string | null;
}

export interface Finding {
  image: string;
  size_px: [number, number] | null;
  score: number | null;
  p_value: number | null;
  verdict: Verdict;
  label: string | null;
  regions: Region[];
  cracks: Crack[] | null;
  notes: string[];
  error: string | null;
}

export interface Stored {
  id: string;
  version: number;
  state: State;
  created: string;
  detector: string;
  detector_sha: string;
  inspected_by: string;
  map_range: [number, number] | null;
  place: string | null;
  // Whether a correction stands; finding and mask are then the corrected ones.
  corrected: boolean;
  has_mask: boolean;
  detector_mask: boolean;
  finding: Finding;
}

export interface Change {
  status: "grown" | "new" | "smaller" | "repaired" | "static" | "out of view";
  earlier: number[];
  later: number[];
  unit: "mm" | "px";
  length: number;
  length_growth: number | null;
  length_uncertainty: number | null;
  width_growth: number | null;
  width_uncertainty: number | null;
}

export interface Trend {
  dates: {
    id: string;
    taken: string;
    counts: Partial<Record<Change["status"], number>>;
    changes: Change[];
    problem: string | null;
  }[];
  tracks: { crack: number; unit: "mm" | "px"; points: { taken: string; width: number; width_uncertainty: number }[] }[];
}

// A length on the surface between two places in the image.
export interface TwoPoints {
  first: [number, number];
  second: [number, number];
  length_mm: number;
}

export interface Inspected {
  id: string | null;
  finding: Finding;
}

export interface Review {
  id: string;
  decision: Decision;
  tags: string[];
  comment: string;
  reviewer: string;
  created: string;
}

export interface ActiveDetector {
  name: string;
  sha: string;
  method: string;
  is_default: boolean;
  thresholds: { pixel: number | null; review: number | null; reject: number | null };
  calibrated: boolean;
  doubt: string | null;
  card: string;
}

export interface DetectorVersion {
  name: string;
  sha: string;
  method: string;
  added_by: string;
  created: string;
  active: boolean;
}

export interface Detectors {
  active: ActiveDetector[];
  versions: DetectorVersion[];
  broken: Record<string, string>;
}

export interface ScoreHistory {
  intervals: { since: string; until: string; images: number; rejected: number; quantiles: [number, number, number] }[];
  calibration: { images: number; source: string; quantiles: [number, number, number] } | null;
  p_values: number[] | null;
  doubt: string | null;
}

export interface Rate {
  count: number;
  n: number;
  low: number;
  high: number;
}

export interface Rates {
  false_alarms: Rate;
  recall: Rate;
}

export interface Training {
  id: string;
  state: "waiting" | "running" | "comparing" | "done" | "cancelled" | "failed";
  error: string | null;
  said: string | null;
  by: string;
  created: string;
  detector: string;
  old_sha: string;
  method: string;
  images: string | null;
  new_sha: string | null;
  comparison: { images: number; old: Rates; new: Rates; is_no_worse: boolean } | null;
  active: boolean;
}

export interface Trainings {
  trainings: Training[];
  methods: string[];
  problem: string | null;
}

export interface Honeypots {
  fraction: number;
  known: { finding_id: string; image: string; truth: "approve" | "reject"; right: number; wrong: number }[];
  reviewers: {
    reviewer: string;
    caught: number;
    missed: number;
    dismissed: number;
    confirmed: number;
    recall_at_least: number | null;
  }[];
}

export interface Me {
  name: string;
  role: "operator" | "engineer" | "admin";
  needs_key: boolean;
  csrf: string | null;
  version: string;
}

export interface PageOfFindings {
  findings: Stored[];
  next: string | null;
  total: number;
}

export interface Job {
  id: string;
  state: "waiting" | "running" | "done" | "cancelled" | "failed";
  error: string | null;
  detector: string;
  by: string;
  created: string;
  done: number;
  total: number | null;
  failed: number;
  left_s: number | null;
}

export interface Key {
  id: string;
  name: string;
  role: Me["role"];
  revoked: boolean;
  created: string;
}

export interface Act {
  id: string;
  created: string;
  actor: string;
  address: string;
  action: string;
  target: string;
}

export class Refused extends Error {
  constructor(
    readonly status: number,
    sentence: string,
    readonly retryAfterS: number | null,
  ) {
    super(sentence);
  }
}

let csrf: string | null = null;

async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (csrf !== null && init.method !== undefined) headers.set("X-CSRF-Token", csrf);
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(0, "The server is not reached.", 2);
  }
  return answer;
}

async function refused(answer: Response): Promise<Refused> {
  const wait = Number(answer.headers.get("Retry-After"));
  let sentence = `${answer.status} ${answer.statusText}`;
  try {
    sentence = String((await answer.json()).error ?? sentence);
  } catch {
    // not JSON: a proxy's page
  }
  return new Refused(answer.status, sentence, wait > 0 ? wait : null);
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await send(path, init);
  if (!answer.ok) throw await refused(answer);
  return (await answer.json()) as T;
}

const body = (value: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body: JSON.stringify(value),
  headers: { "Content-Type": "application/json", ...headers },
});

export async function me(): Promise<Me> {
  const found = await json<Me>("/v1/me");
  csrf = found.csrf;
  return found;
}

export async function logIn(key: string): Promise<void> {
  const answer = await send("/session", body({ key }));
  if (!answer.ok) throw await refused(answer);
}

export async function logOut(): Promise<void> {
  await send("/session", { method: "DELETE" });
}

export const findings = (filters: URLSearchParams): Promise<PageOfFindings> => json(`/v1/findings?${filters}`);
export const finding = (id: string): Promise<Stored> => json(`/v1/findings/${id}`);
export const reviews = (id: string): Promise<Review[]> => json(`/v1/findings/${id}/reviews`);
export const trend = (id: string): Promise<Trend> => json(`/v1/findings/${id}/trend`);
export const setPlace = (id: string, place: string | null): Promise<Stored> =>
  json(`/v1/findings/${id}/place`, { ...body({ place }), method: "PUT" });
export const detectors = (): Promise<Detectors> => json("/v1/detectors");
export const scores = (filters: URLSearchParams): Promise<{ scores: number[]; verdicts: Verdict[] }> =>
  json(`/v1/findings/scores?${filters}`);

export const review = (found: Stored, decision: Decision, tags: string[], comment: string): Promise<Review> =>
  json("/v1/reviews", body({ finding_id: found.id, decision, tags, comment }, { "If-Match": `"${found.version}"` }));

export async function correct(found: Stored, mask: Blob, scale: TwoPoints | null): Promise<Review> {
  const bytes = new Uint8Array(await mask.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  const wanted = { finding_id: found.id, decision: "correct", mask: btoa(text), scale };
  return json("/v1/reviews", body(wanted, { "If-Match": `"${found.version}"` }));
}

export async function correctedMask(id: string): Promise<Blob> {
  const answer = await send(`/v1/findings/${id}/corrected`);
  if (!answer.ok) throw await refused(answer);
  return answer.blob();
}

export async function inspect(
  file: File,
  name: string,
  fields: Record<string, string>,
  signal: AbortSignal,
): Promise<Inspected> {
  const form = new FormData();
  form.append("file", file, name);
  for (const [key, value] of Object.entries(fields)) if (value) form.append(key, value);
  const answer = await send("/v1/inspect", { method: "POST", body: form, signal });
  if (answer.ok || answer.status === 422) {
    const said = await answer.json();
    if (said.results) return said.results[0] as Inspected;
    throw new Refused(answer.status, String(said.error), null);
  }
  throw await refused(answer);
}

export async function addDetector(file: File): Promise<void> {
  const form = new FormData();
  form.append("file", file);
  await json("/v1/detectors", { method: "POST", body: form });
}

export const activate = (name: string, sha: string): Promise<Detectors> =>
  json(`/v1/detectors/${name}/activate`, body({ sha }));
export const rollBack = (name: string): Promise<Detectors> =>
  json(`/v1/detectors/${name}/roll-back`, { method: "POST" });

export const scoreHistory = (detector: string): Promise<ScoreHistory> => json(`/v1/detectors/${detector}/drift`);
export const trainings = (): Promise<Trainings> => json("/v1/trainings");
export const beginTraining = (detector: string, method: string, profile: string): Promise<Training> =>
  json("/v1/trainings", body({ detector, method, profile }));
export const cancelTraining = (id: string): Promise<Training> => json(`/v1/trainings/${id}`, { method: "DELETE" });
export const activateTrained = (id: string): Promise<Training> =>
  json(`/v1/trainings/${id}/activate`, { method: "POST" });
export const honeypots = (): Promise<Honeypots> => json("/v1/honeypots");
export async function setHoneypot(id: string, truth: "approve" | "reject" | null): Promise<void> {
  const answer = await send(`/v1/honeypots/${id}`, { ...body({ truth }), method: "PUT" });
  if (!answer.ok) throw await refused(answer);
}

export const jobs = (): Promise<Job[]> => json("/v1/jobs");
export const cancelJob = (id: string): Promise<Job> => json(`/v1/jobs/${id}`, { method: "DELETE" });

export async function beginJob(archive: File): Promise<Job> {
  const form = new FormData();
  form.append("archive", archive);
  return json("/v1/jobs", { method: "POST", body: form });
}

export const keys = (): Promise<Key[]> => json("/v1/keys");
export const giveKey = async (name: string, role: string): Promise<string> =>
  (await json<{ key: string }>("/v1/keys", body({ name, role }))).key;
export const audit = (before: string | null): Promise<{ acts: Act[]; next: string | null }> =>
  json(`/v1/audit${before ? `?before=${before}` : ""}`);

export async function revokeKey(id: string): Promise<void> {
  const answer = await send(`/v1/keys/${id}`, { method: "DELETE" });
  if (!answer.ok) throw await refused(answer);
}
