// pool_store.ts - what the page knows of a pool, kept current by the pool's own stream.
//
// The stream is open while somebody looks at the pool. What changes is told once a frame through the
// page's store ('pool', 'queue', 'acts'), so a view listens to both in one way.
import {announce} from '../announce';
import {ask} from '../api';
import {currentLang} from '../i18n';
import {store} from '../store';
import {LiveStream, type Connection, type StreamMessage} from '../stream';
import type {Act, Change, Pool} from './types';

const actsMost = 500, telling = new Set(['broken', 'lost']);

class PoolStore {
  pool: Pool | null = null;
  connection: Connection = 'connecting';
  now = 0;             // of the pool, microseconds
  acts: Act[] = [];    // newest first
  queueRound = 0;      // counts the times that the jobs became others
  private stream: LiveStream | null = null;

  // Returns what ends it.
  open(): () => void {
    const stream = new LiveStream('pool/stream', 'lineshaft-pool', (m) => this.take(m), (c) => {
      this.connection = c;
      this.stands();
    }, () => void this.fetch());
    this.stream = stream;
    this.connection = 'connecting';
    if (store.pool) this.put(store.pool as Pool);
    store.pool = null;
    stream.start(this.pool?.seq ?? 0);
    return () => {
      stream.end();
      this.stream = null;
    };
  }

  get offline(): boolean {
    return this.connection !== 'live' && this.connection !== 'late';
  }

  // Seconds since anything was heard of the pool.
  age(): number {
    return this.stream ? (performance.now() - this.stream.lastMs) / 1000 : 0;
  }

  // The stream has the acts since it was opened; those before were asked for.
  putActs(acts: Act[]): void {
    const known = new Set(this.acts.map((a) => a.seq));
    this.acts = [...this.acts, ...acts.filter((a) => !known.has(a.seq))].sort((a, b) => b.seq - a.seq).slice(0, actsMost);
    store.mark('acts');
  }

  private async fetch(): Promise<void> {
    try {
      this.put(await ask<Pool>('pool'));
    } catch {
      // The stream brings it, or the banner says why not.
    }
  }

  private stands(): void {
    store.stands(this.connection, this.now, this.stream?.lastMs ?? performance.now());
    store.mark('pool');
  }

  private put(pool: Pool): void {
    if (this.pool && this.pool.seq > pool.seq && this.pool.since_us === pool.since_us) return;
    this.pool = pool;
    this.now = pool.now_us;
    this.queueRound++;
    this.stands();
    store.mark('queue');
  }

  private take({event, data}: StreamMessage): void {
    switch (event) {
      case 'pool': this.put(data as Pool); break;
      case 'change': this.change(data as Change); break;
      case 'act': this.act(data as Act); break;
      case 'beat':
        this.now = (data as {t: number}).t;
        this.stands();
        break;
    }
  }

  private act(act: Act): void {
    this.putActs([act]);
    if (telling.has(act.kind)) announce(currentLang() === 'ko' ? act.text_ko : act.text);
  }

  private change(c: Change): void {
    const pool = this.pool;
    if (!pool || c.seq <= pool.seq) return;
    pool.seq = c.seq;
    this.now = c.t;
    [pool.gpus, pool.jobs] = [c.gpus, c.jobs];
    for (const [i, used, borrowed, unused, running, waiting, waiting_gpus] of c.a as [number, number, number, number, number, number, number][]) {
      const account = pool.accounts[i];
      if (account) Object.assign(account, {used, borrowed, unused, running, waiting, waiting_gpus});
    }
    const r = pool.racks;
    for (const [i, used, borrowed, reserved, drained, broken, spare] of c.r as [number, number, number, number, number, number, number][]) {
      if (i >= r.name.length) continue;
      [r.used[i], r.borrowed[i], r.reserved[i], r.drained[i], r.broken[i], r.spare[i]] = [used, borrowed, reserved, drained, broken, spare];
    }
    if (c.queue) {
      this.queueRound++;
      store.mark('queue');
    }
    this.stands();
  }
}

export const poolStore = new PoolStore();
