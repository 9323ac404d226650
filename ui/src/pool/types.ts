// types.ts - what a pool says, as src/web/pool_openapi.yaml states it.

export interface Sums {
  all: number;
  used: number;
  borrowed: number;
  free: number;
  reserved: number;
  drained: number;
  broken: number;
  spare: number;
}

export interface JobCounts {
  waiting: number;
  waiting_gpus: number;
  running: number;
  stopping: number;
}

export interface Amount {
  kind: string | null;
  gpus: number;
}

export interface Account {
  path: string;
  children: number;
  guarantee: number;
  guarantees: Amount[];
  limit: number | null;
  limits: Amount[];
  weight: number;
  can_borrow: boolean;
  reclaim_s: number;
  used: number;
  used_by_kind: number[];
  borrowed: number;
  unused: number;
  running: number;
  stopping: number;
  waiting: number;
  waiting_gpus: number;
}

// What a GPU can be, and the columns of racks that count it; what none of them counts is free.
export const parts = ['used', 'borrowed', 'reserved', 'spare', 'drained', 'broken'] as const;
export type Part = typeof parts[number];
export type GpuState = Part | 'free' | 'unknown';

export interface Racks extends Record<Part, number[]> {
  units: {name: string; level: 'site' | 'hall' | 'row'; at: number; count: number}[];
  name: string[];
  kind: (number | null)[];
  nodes: number[];
  gpus: number[];
}

export interface Pool {
  name: string;
  about: string;
  seq: number;
  now_us: number;
  since_us: number;
  place: string;
  kinds: {name: string; gpus: number; slots: boolean; memory_mib: number | null; watts: number | null}[];
  gpus: Sums;
  jobs: JobCounts;
  accounts: Account[];
  racks: Racks;
}

export interface Why {
  code: string;
  text: string;
  text_ko: string;
  by_us?: number;
}

export interface Job {
  id: string;
  name: string;
  account: string;
  who: string;
  command?: string[];
  state: 'waiting' | 'running' | 'stopping' | 'done' | 'failed' | 'cancelled' | 'lost';
  since_us: number;
  submitted_us: number;
  started_us: number | null;
  ended_us: number | null;
  most_s: number | null;
  deadline_us: number | null;
  priority: number;
  shape: {parts: number; gpus: number; within: string | null; must: boolean; spread: boolean; kinds: string[]};
  gpus: number;
  borrowed: number;
  nodes: string[];
  node_count: number;
  restarts: number;
  lost_gpu_s: number;
  exit: number | null;
  why: Why | null;
  spot?: boolean;
  elastic?: number;  // so many parts more it can use
  leader?: string;  // the elastic job that it is a part of
  note?: string;  // how it ended
  earliest_us: number | null;
  promised_us: number | null;
}

export interface Node {
  name: string;
  kind: string | null;
  domain: string | null;
  state: 'up' | 'drained' | 'broken' | 'spare';
  since_us?: number | null;
  about?: string;
  reserved_for: string | null;
  gpus: {used: number; borrowed: number; jobs: string[]; name?: string; out?: true}[];  // out: of service alone
}

export interface Rack {
  name: string;
  units: string[];
  nodes: Node[];
  jobs: Job[];
  next: string | null;
}

export interface Usage {
  account: string;
  from_us: number;
  to_us: number;
  step_s: number;
  guarantee: number;
  points: [number, number, number, number, number, number][];
  gaps: [number, number][];
}

export interface Act {
  seq: number;
  at_us: number;
  kind: string;
  text: string;
  text_ko: string;
  job?: string;
  account?: string;
  gpus?: number;
  to_job?: string;
  to_account?: string;
  lost_gpu_s?: number;
  node?: string;
  who?: string;
}

export interface Change {
  seq: number;
  t: number;
  gpus: Sums;
  jobs: JobCounts;
  a: number[][];
  r: number[][];
  queue: boolean;
}
