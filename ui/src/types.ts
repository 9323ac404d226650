// types.ts - what the server says, as docs/PAGE.md and openapi.yaml describe it.
// Times ending in _us are microseconds since 1970; null is "not known".

export type StateName = 'run' | 'starved' | 'blocked' | 'setup' | 'waiting' | 'down' | 'pm' | 'off' |
  'unknown';
export type Role = 'viewer' | 'operator' | 'engineer';

export interface Me {
  role: Role;
  version: string;
  plant: string | null;     // null: only a pool runs here
  pool?: string | null;     // null: no pool
  account?: string | null;  // the only one this token may submit and cancel for; null: any
  emulated: boolean;
  demo: {speed: number} | null;
  now_us: number;
  line_now_us: number;
  zone: string;
}

export interface PlantStation {
  name: string;
  area?: string | null;
  places: number | null;
  batch: {min: number; max: number} | null;
  mean_s: number | null;
  machines: {name: string}[];
  next: string[];
}

export interface Plant {
  name: string;
  about?: string;
  start_us?: number;
  stations: PlantStation[];
  products: {name: string; route: string[]}[];
  classes: string[];
  reasons: Record<string, string[]>;
  operators: {name: string; count: number}[];
  decide: {objective: string; unit: string;
    points: {name: string; kind: string; mode: string; at: string; within_ms: number}[]} | null;
}

export interface MachineState {
  state: StateName;
  since_us: number;
  age_s: number | null;
  lots: string[];
  setup: string | null;
  reason: string | null;
  chosen: string | null;
}

export interface Kpi {
  made: number;
  made_shift: number | null;
  plan_shift: number | null;
  per_hour: number | null;
  wip: number;
  outside?: number | null;    // lots in order pools now, part of wip; null: the plant has none
  outside_s?: number | null;  // mean wait there of those that came in within the last hour
  on_time: number | null;
  oee: number | null;
  cycle_s: number | null;
  scrapped: number | null;
  bottleneck: {station: string; share: number}[];
}

export interface LineRow {
  name: string;
  made: number;
  wip: number | null;
  per_hour: number | null;
  cycle_s: number | null;
  on_time: number | null;
  cost: number | null;
  wip_mean?: number | null;  // over the time that is compared; calmer than what is inside just now
}

// How much more the line with Lineshaft has made, as paired blocks of time show it.
export interface LineDifference {
  made: number;
  half_width: number | null;
  windows: number;
  hours: number;
}

export interface Forecast {
  text?: string;
  origin_us: number;
  until_us: number;
  made_mean: number;
  made_low: number;
  made_high: number;
  level?: number;
  futures: number;
}

export interface Link {
  sources: {name: string; connected: boolean}[];
  guard: boolean;
  history: boolean;
}

export interface Snapshot {
  seq: number;
  hash?: string;
  line_now_us: number;
  age_s: number | null;
  in_step: boolean;
  certainty: number | null;
  stations: {queue: number; working: number; machines: MachineState[]}[];
  kpi: Kpi;
  forecast: Forecast | null;
  lines: LineRow[] | null;
  difference?: LineDifference | null;
  link: Link;
}

export interface Gain {
  gain: number;
  low: number;
  high: number;
}

export type RowState = 'kept' | 'watched' | 'advised' | 'open' | 'approved' | 'rejected' | 'held' |
  'expired' | 'refused' | 'sent' | 'done' | 'denied' | 'lost' | 'late';

export interface Row {
  id: string;
  version: number;
  time_us: number;
  line_us: number;
  point: string;
  kind: string;
  mode: string;
  subject: string;
  state: RowState;
  title: string;
  title_ko?: string;
  why: string[];
  why_ko?: string[];
  unit: string;
  horizon_s: number;
  base: string;
  own: number;
  chosen: number;
  candidates: ({label: string; acts: {kind: string; on: string; value: string | number | null}[];
    futures: number; rounds: number} & Gain)[];
  claim: (Gain & {futures: number; level: number}) | null;
  terms?: Record<string, Gain>;
  futures: number;
  rounds: number[];
  cut: boolean;
  deadline_ms: number;
  used_ms: number;
  guards: {number: number; name: string; pass: boolean; text: string}[] | null;
  expires_us: number | null;
  reason?: string | null;
  approvals: {who: string; role: string; at_us: number; text?: string}[];
  sent: {id: string; kind: string; device: string; argument: string | number | null; result: string;
    guard: number | string | null; reason: string | null; at_us: number}[];
  partly?: {went: number; of: number};  // of its commands
  apart?: {id: string; state: RowState; reason: string; title: string; title_ko?: string}[];
  realised: (Gain & {method: string; unit?: string; decisions?: number; text?: string}) | null;  // unit: of settings another
  snapshot: {hash: string; bytes: number} | null;
  seed: number | string | null;
  model: string | null;
  build: string | null;
}

export interface ProveRow {
  kind: string;
  of: string | null;  // settings: the value that they are for
  unit: string;
  decisions: number;
  sent: number;
  promised: Gain | null;
  realised: Gain | null;
  shown: boolean;
  why_not: string | null;
  inside: {count: number; of: number; expected: number} | null;
}

export interface Standing {
  kind: 'hold' | 'bypass' | 'revoked' | 'interlock' | 'foreign' | 'trips' | 'lots';
  what: string;
  who: string;
  role: Role;
  guard: number;
  count: number;
  waits: boolean;  // for a person
  reason: string;
  since_us: number;  // wall; 0: not known
  until_us: number;
}

export interface GuardNumber {
  guard: number;
  name: string;
  name_ko: string;
  group: string;
  can_bypass: boolean;
}

export interface GuardAnswer {
  guards: GuardNumber[];
  stands: Standing[];
}

export interface Notice {
  time_us: number;
  kind: string;
  subject: string;
  text: string;
  text_ko?: string;
  level: string;
}

export interface HistoryTag {
  name: string;
  unit: string | null;
  kind: string;
  last_us: number | null;
}

export interface HistoryAnswer {
  tags: {name: string; unit: string | null;
    points: [number, number | null, number | null, number | null, string | number][];
    gaps: [number, number][]}[];
  events: {time_us: number; kind: string; subject: string; text?: string}[];
}

export type Band = [number, number][];

export interface Bands {
  times_us: number[];
  bands: Record<string, Band>;
  median: number[];
}

export interface ForecastAnswer extends Bands {
  origin_us: number;
  futures: number;
  seed: number | string;
  hash: string;
  real: [number, number][];
  scores: {coverage?: number | null; crps?: number | null} | null;
}

export interface MeanInterval {
  mean: number | null;
  low: number | null;
  high: number | null;
}

export interface WhatIfAnswer {
  as_is: Record<string, MeanInterval>;
  what_if: Record<string, MeanInterval>;
  difference: Record<string, MeanInterval>;
  bands?: {as_is: Bands; what_if: Bands};
  futures?: number;
  seed?: number | string;
  hash?: string;
  from?: 'present' | 'zero';
  origin_us?: number;
}

export interface FileError {
  line: number;
  column: number;
  text: string;
  hint?: string | null;
}
