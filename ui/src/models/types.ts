// types.ts - what the server says of models, as openapi.yaml describes it. Times ending in _us are
// microseconds since 1970; null is "not known".

// Of a monitor: what stands, and who is to blame, 1 being an ordinary contribution.
export interface Alarm {
  since_us: number;
  index: number;
  version: number;
  blame: {feature: string; contribution: number; value: number | null; mean: number | null; low: number | null; high: number | null}[];
  acknowledged?: {time_us: number; by: string; text: string} | null;
}

export interface Live {
  unit: string;
  state: 'good' | 'partial' | 'silent' | 'none';
  time_us: number | null;
  age_s: number | null;
  value: number | null;
  low: number | null;
  high: number | null;
  by: 'split' | 'adaptive' | null;
  unusual: boolean | null;
  challenger: number | null;
  version: number | null;
  truth: number | null;
  truth_time_us: number | null;
  error: number | null;
  alarm?: Alarm | null;
  scored?: number;
  coverage?: number | null;
}

export interface Score {
  version: number | null;
  scored: number;
  window: number;
  rmse: number | null;
  mae: number | null;
  bias: number | null;
  coverage: number | null;
  interval: number;
  pending: number;
  never: number;
  unusual: number;
  said: number;
}

export interface Model {
  name: string;
  what: string;
  mode: 'approve' | 'auto';
  learner: string;
  objective?: string | null;
  classes?: string[];
  every_us: number;
  horizon_us: number;
  label: {kind: 'tag' | 'event' | 'file' | 'none'; source: string; delay_us: number};
  champion: number | null;
  challenger: number | null;
  serving: number | null;
  shadow: number | null | Shadow;
  refused: {version: number; text: string; since_us: number} | null;
  tags: {value: string; low: string; high: string; unusual: string; challenger: string};
  live: Live[];
  score: Score;
  challenger_score: Score | null;
  drift?: Drift | null;
  training?: Training | null;
  speed: {predictions: number; p50_us: number | null; p99_us: number | null; limit_us: number; slow: boolean} | null;
}

export interface Gate {
  passed: boolean;
  value: number | null;
  limit: number | null;
  about: string;
}

export interface Version {
  number: number;
  stage: 'candidate' | 'challenger' | 'champion' | 'retired';
  kind: string;
  from_us: number | null;
  to_us: number | null;
  rows: number | null;
  loss: string | null;
  rmse: number | null;
  champion_rmse: number | null;
  gates: Record<string, Gate> | null;
}

export interface Explained {
  unit: string;
  time_us: number;
  version: number;
  value: number;
  base: number;
  features: {feature: string; value: number | null; effect: number}[];
}

export interface Drifted {
  feature?: string;
  psi: number | null;
  noise?: number | null;  // what chance alone gives
  mean_then: number | null;
  mean_now: number | null;
  missing_then: number | null;
  missing_now: number | null;
  effect?: number | null;
  drifted: boolean;
}

export interface Drift {
  version: number;
  window_us: number;
  psi_limit: number;
  rows: number;
  state: 'none' | 'watch' | 'drift';
  inputs: boolean;
  errors: boolean;
  since_us: number | null;
  labels_late: boolean;
  error_then: number | null;
  error_now: number | null;
  features: Drifted[];
  predictions: Drifted;
}

export interface Shadow {
  version: number;
  champion: number;
  state: 'running' | 'passed' | 'lost';
  about: string;
  span_us: number;
  for_us: number;
  most_us: number;
  rows: number;
  effective: number;
  gain: number | null;
  evidence: number;
  against: number;
  wanted: number;
  champion_rmse: number | null;
  challenger_rmse: number | null;
  coverage: number | null;
}

export interface Training {
  state: 'idle' | 'waiting' | 'underway';
  reason: 'drift' | 'clock' | 'first' | 'asked' | null;
  text: string;
  since_us: number | null;
  last_us: number | null;
  next_us: number | null;
  failures: number;
  version: number | null;
  offer: {version: number; text: string} | null;
}

export interface ModelDetail extends Model {
  versions: Version[];
  explained: Explained[];
}
