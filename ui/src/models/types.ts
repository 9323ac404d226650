// types.ts - what the server says of models, as openapi.yaml describes it. Times ending in _us are
// microseconds since 1970; null is "not known".

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
  every_us: number;
  horizon_us: number;
  label: {kind: 'tag' | 'event' | 'file'; source: string; delay_us: number};
  champion: number | null;
  challenger: number | null;
  serving: number | null;
  shadow: number | null;
  refused: {version: number; text: string; since_us: number} | null;
  tags: {value: string; low: string; high: string; unusual: string; challenger: string};
  live: Live[];
  score: Score;
  challenger_score: Score | null;
  speed: {predictions: number; p50_us: number | null; p99_us: number | null; limit_us: number; slow: boolean};
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

export interface ModelDetail extends Model {
  versions: Version[];
  explained: Explained[];
}
