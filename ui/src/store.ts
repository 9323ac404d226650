// store.ts - all that the page knows of the plant.
//
// Numbers lie in typed arrays; messages write them, and one animation frame tells who listens what
// has changed. No component is rendered for a number of a station: the drawing writes it.
import {ask} from './api';
import {isKnown} from './gain';
import {stateCode, stateNames} from './state';
import {LiveStream, type Connection, type StreamMessage} from './stream';
import {useEffect, useReducer} from 'preact/hooks';
import type {Forecast, Kpi, LineDifference, LineRow, Link, Me, Notice, Plant, Row, Snapshot} from './types';

export type Topic = 'state' | 'kpi' | 'rows' | 'link' | 'notices' | 'guard' | 'second' | 'page' | 'pool' | 'queue' | 'acts';

export interface Segment {
  code: number;
  from: number;
}

const trendLength = 240, segmentsMost = 400, rowsMost = 500;

interface First {
  me: Me;
  plant?: Plant;
  pool?: unknown;
  state?: Snapshot | null;
  rows?: Row[];
}

// What the server has put into the page itself, so that nothing need be asked before it is drawn.
function brought(): First | null {
  const node = document.getElementById('first');
  node?.remove();
  return node ? JSON.parse(node.textContent!) as First : null;
}

export class Store {
  me: Me = {role: 'viewer', version: '', plant: '', pool: null, emulated: false, demo: null, now_us: 0,
    line_now_us: 0, zone: 'UTC'};
  plant: Plant = {name: '', stations: [], products: [], classes: [], reasons: {}, operators: [],
    decide: null};
  connection: Connection = 'connecting';
  known = false;  // a snapshot has come
  seq = 0;
  lineNow = 0;
  lineSpeed = 1;
  inStep = true;
  certainty: number | null = null;
  kpi: Kpi | null = null;
  forecast: Forecast | null = null;
  lines: LineRow[] | null = null;
  difference: LineDifference | null = null;
  link: Link | null = null;
  notices: Notice[] = [];
  rows = new Map<string, Row>();
  trend: Record<'made' | 'wip' | 'oee' | 'per_hour', number[]> = {made: [], wip: [], oee: [], per_hour: []};
  pool: unknown = null;  // what the page brought of a pool; pool/pool_store.ts takes it
  wallOffset = 0;  // of the server's wall clock to ours, microseconds
  ageBase = 0;  // of the state itself, seconds, when the last message came

  queue = new Int32Array(0);
  working = new Int32Array(0);
  machineAt = new Int32Array(1);  // first machine of a station; one more entry than stations
  state = new Uint8Array(0);
  since = new Float64Array(0);
  lots: string[][] = [];
  setup: (string | null)[] = [];
  reason: (string | null)[] = [];
  chosen: (string | null)[] = [];
  segments: Segment[][] = [];
  dirty = new Uint8Array(0);  // stations that the drawing has not shown yet

  private poolMs = 0;  // when the pool was heard last
  private started = false;
  private listeners = new Set<{topics: Set<Topic>; tell: () => void}>();
  private changed = new Set<Topic>();
  private frame = 0;
  private stream: LiveStream;

  constructor() {
    this.stream = new LiveStream('stream?topics=state,kpi,decisions,forecast,notices', 'lineshaft-stream', (m) => this.take(m), (c) => {
      this.connection = c;
      this.mark('link', 'state', 'page');
    }, () => void this.fetchState());
  }

  async open(): Promise<void> {
    const first = brought() ?? await this.askFirst();
    this.me = first.me;
    this.plant = first.plant ?? this.plant;
    this.pool = first.pool ?? null;
    this.wallOffset = this.me.now_us - Date.now() * 1000;
    this.shape();
    if (first.state) this.snapshot(first.state);
    for (const row of first.rows ?? []) this.putRow(row);
    this.mark('rows', 'page');
  }

  private async askFirst(): Promise<First> {
    // index.html has these asked for while the script is still on its way, with the very same addresses.
    const asked = ask<Plant>('plant');
    asked.catch(() => {});
    const me = await ask<Me>('me');
    if (me.plant === null) return {me};
    const [plant, state, {rows}] = await Promise.all([asked,
      ask<Snapshot>('state').catch(() => null),  // then the stream brings it
      ask<{rows: Row[]}>('decisions?limit=50').catch(() => ({rows: []}))]);
    return {me, plant, state, rows};
  }

  // Goes on from what open() brought.
  follow(): void {
    if (this.started) return;
    this.started = true;
    if (this.hasPlant) this.stream.start(this.seq);
    setInterval(() => this.second(), 1000);
  }

  // All is about to be drawn: who begins to listen then need not be told of what came before.
  drawn(): void {
    if (this.listeners.size === 0) this.changed.clear();
  }

  // A pool's own daemon has none.
  get hasPlant(): boolean {
    return this.me.plant !== null;
  }

  // Where there is no plant, how it stands with the pool's stream is how it stands with the page.
  stands(connection: Connection, nowUs: number, lastMs: number): void {
    if (this.hasPlant) return;
    [this.connection, this.known, this.lineNow, this.poolMs] = [connection, true, nowUs, lastMs];
    this.mark('link', 'page');
  }

  // Seconds since anything was heard of the plant: silence of the stream and age of the state.
  age(): number {
    return this.ageBase + (performance.now() - (this.hasPlant ? this.stream.lastMs : this.poolMs)) / 1000;
  }

  get offline(): boolean {
    return this.connection !== 'live' && this.connection !== 'late';
  }

  listen(topics: Topic[], tell: () => void): () => void {
    const entry = {topics: new Set(topics), tell};
    this.listeners.add(entry);
    return () => void this.listeners.delete(entry);
  }

  mark(...topics: Topic[]): void {
    for (const topic of topics) this.changed.add(topic);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.tell());
  }

  openRows(): Row[] {
    return [...this.rows.values()].filter((row) => row.state === 'open' || row.state === 'held');
  }

  putRow(row: Row): boolean {
    const old = this.rows.get(row.id);
    if (old && old.version > row.version) return false;
    if (row.claim && !isKnown(row.claim)) row.claim = null;
    if (row.realised && !isKnown(row.realised)) row.realised = null;
    this.rows.set(row.id, row);
    if (this.rows.size > rowsMost) this.forgetOldest();
    this.mark('rows');
    return true;
  }

  // FNV-1a over queues, working and states, in text: what a beat carries to compare (T22).
  check(): number {
    let hash = 0x811c9dc5;
    const put = (n: number) => {
      for (const c of `${n};`) hash = Math.imul(hash ^ c.charCodeAt(0), 0x01000193) >>> 0;
    };
    for (let s = 0; s < this.queue.length; s++) {
      put(this.queue[s]!);
      put(this.working[s]!);
      for (let m = this.machineAt[s]!; m < this.machineAt[s + 1]!; m++) put(this.state[m]!);
    }
    return hash;
  }

  private forgetOldest(): void {
    let oldest: Row | null = null;
    for (const row of this.rows.values()) {
      if (row.state !== 'open' && (!oldest || row.time_us < oldest.time_us)) oldest = row;
    }
    if (oldest) this.rows.delete(oldest.id);
  }

  private tell(): void {
    this.frame = 0;
    const changed = this.changed;
    this.changed = new Set();
    for (const entry of [...this.listeners]) {
      for (const topic of entry.topics) {
        if (changed.has(topic)) {
          entry.tell();
          break;
        }
      }
    }
  }

  private shape(): void {
    const stations = this.plant.stations, n = stations.length;
    this.queue = new Int32Array(n);
    this.working = new Int32Array(n);
    this.dirty = new Uint8Array(n).fill(1);
    this.machineAt = new Int32Array(n + 1);
    stations.forEach((s, i) => (this.machineAt[i + 1] = this.machineAt[i]! + s.machines.length));
    const machines = this.machineAt[n]!;
    this.state = new Uint8Array(machines).fill(stateNames.length - 1);
    this.since = new Float64Array(machines);
    this.lots = Array.from({length: machines}, () => []);
    this.setup = new Array(machines).fill(null);
    this.reason = new Array(machines).fill(null);
    this.chosen = new Array(machines).fill(null);
    this.segments = Array.from({length: machines}, () => []);
  }

  private second(): void {
    if (this.kpi && !this.offline) {
      for (const name of ['made', 'wip', 'oee', 'per_hour'] as const) {
        const value = this.kpi[name], list = this.trend[name];
        if (value !== null) list.push(value);
        if (list.length > trendLength) list.shift();
      }
    }
    this.mark('second');
  }

  private async fetchState(): Promise<void> {
    try {
      this.snapshot(await ask<Snapshot>('state'));
    } catch {
      // The stream brings it, or the banner says why not.
    }
  }

  private take(message: StreamMessage): void {
    const data = message.data as Record<string, never>;
    switch (message.event) {
      case 'snapshot': this.snapshot(data as unknown as Snapshot); break;
      case 'state': this.changes(data); break;
      case 'kpi': this.kpis(data); break;
      case 'decision': this.putRow(data as unknown as Row); break;
      case 'forecast':
        this.forecast = data as unknown as Forecast;
        this.mark('kpi');
        break;
      case 'notice':
        this.notices.push(data as unknown as Notice);
        if (this.notices.length > 200) this.notices.shift();
        this.mark('notices');
        break;
      case 'beat': this.beat(data); break;
    }
  }

  private beat(data: {check?: number; t?: number; seq?: number; age_s?: number}): void {
    if (typeof data.t === 'number') this.lineNow = data.t;
    if (typeof data.age_s === 'number') this.ageBase = data.age_s;
    if (typeof data.check === 'number' && this.known && data.check !== this.check()) this.stream.resync();
  }

  private snapshot(s: Snapshot): void {
    if (s.stations.length !== this.queue.length) return void this.reload();
    this.seq = s.seq;
    this.lineNow = s.line_now_us;
    this.inStep = s.in_step;
    this.certainty = s.certainty;
    this.ageBase = s.age_s ?? 0;
    s.stations.forEach((station, i) => {
      this.queue[i] = station.queue;
      this.working[i] = station.working;
      station.machines.slice(0, this.machineAt[i + 1]! - this.machineAt[i]!).forEach((m, j) => {
        const at = this.machineAt[i]! + j;
        this.setState(at, stateCode(m.state), m.since_us);
        this.lots[at] = m.lots ?? [];
        this.setup[at] = m.setup;
        this.reason[at] = m.reason;
        this.chosen[at] = m.chosen;
      });
      this.dirty[i] = 1;
    });
    this.kpi = s.kpi ?? this.kpi;
    this.forecast = s.forecast ?? this.forecast;
    this.lines = s.lines ?? this.lines;
    this.difference = s.difference ?? this.difference;
    this.link = s.link ?? this.link;
    const first = !this.known;
    this.known = true;
    this.mark('state', 'kpi', 'link');
    if (first) this.mark('page');
  }

  // The plant file has changed: other stations than those we were drawn for.
  private async reload(): Promise<void> {
    try {
      this.plant = await ask<Plant>('plant');
      this.shape();
      await this.fetchState();
      this.mark('page');
    } catch {
      // The next snapshot tries again.
    }
  }

  private setState(at: number, code: number, since: number): void {
    const list = this.segments[at]!;
    const last = list[list.length - 1];
    if (!last || last.code !== code) list.push({code, from: since || this.lineNow});
    if (list.length > segmentsMost) list.shift();
    this.state[at] = code;
    this.since[at] = since;
  }

  private changes(data: {seq?: number; t?: number; age_s?: number; s?: [number, number, number][];
                         m?: [number, number, number | string, number, string | string[], string | null,
                              string | null, string | null][]}): void {
    if (!this.known || (data.seq !== undefined && data.seq < this.seq)) return;
    this.seq = data.seq ?? this.seq;
    this.lineNow = data.t ?? this.lineNow;
    this.ageBase = data.age_s ?? 0;
    for (const [station, queue, working] of data.s ?? []) {
      if (station >= this.queue.length) continue;
      this.queue[station] = queue;
      this.working[station] = working;
      this.dirty[station] = 1;
    }
    for (const [station, machine, state, since, lots, setup, reason, chosen] of data.m ?? []) {
      const at = (this.machineAt[station] ?? 0) + machine;
      if (station >= this.queue.length || at >= this.machineAt[station + 1]!) continue;
      this.setState(at, stateCode(state), since);
      this.lots[at] = Array.isArray(lots) ? lots : lots ? String(lots).split(/[ ,]+/) : [];
      this.setup[at] = setup;
      this.reason[at] = reason;
      if (chosen !== undefined) this.chosen[at] = chosen;
      this.dirty[station] = 1;
    }
    this.mark('state');
  }

  private kpis(data: {kpi?: Kpi; lines?: LineRow[] | null; difference?: LineDifference | null; link?: Link;
                in_step?: boolean; certainty?: number | null}): void {
    const kpi = data.kpi ?? (data as unknown as Kpi);
    this.kpi = kpi;
    this.lines = data.lines ?? (kpi as unknown as {lines?: LineRow[]}).lines ?? this.lines;
    this.difference = data.difference ?? this.difference;
    this.link = data.link ?? this.link;
    this.inStep = data.in_step ?? this.inStep;
    this.certainty = data.certainty ?? this.certainty;
    this.mark('kpi', 'link');
  }
}

export const store = new Store();

// Renders the component anew when one of these has changed, at most once a frame.
export function useStore(...topics: Topic[]): Store {
  const [, again] = useReducer((n: number) => n + 1, 0);
  useEffect(() => store.listen(topics, () => again(undefined as never)), []);
  return store;
}
