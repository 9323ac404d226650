// standing.ts - what stands at the guard: what people have done to it, and what waits for them.
//
// Asked every 15 seconds, every 3 while somebody looks, and at once when something points to a
// change. Every deed brings the newest with its answer.
import {announce} from '../announce';
import {ApiError, ask} from '../api';
import {currentLang, t} from '../i18n';
import {errorText} from '../parts/notice';
import {lacks} from '../parts/rights';
import {store} from '../store';
import type {GuardAnswer, GuardNumber, Role, Row, Standing} from '../types';

export type DeedName = 'hold' | 'lift' | 'bypass' | 'end-bypass' | 're-arm' | 'revoke' | 'reset' | 'entry';

export interface Deed {
  name: DeedName;
  what?: string;   // not given: the dialog asks
  guard?: number;
  role?: Role;     // of who holds it
}

// In the order in which one outweighs the other.
export type Condition = 'away' | 'unknown' | 'held' | 'tripped' | 'waits' | 'bypassed' | 'partly' | 'armed';

const slowMs = 15000, fastMs = 3000;

export const guarding = {
  numbers: [] as GuardNumber[],
  stands: null as Standing[] | null,  // null: not known
  error: '',                          // why not
};

let watched = false, asking = 0, timer = 0;

// Nothing is guarded where nothing can be sent.
export const hasGuard = (): boolean =>
  sending().length > 0;

export const wallNow = (): number => Date.now() * 1000 + store.wallOffset;

// Those that have not ended meanwhile.
export const standing = (): Standing[] =>
  (guarding.stands ?? []).filter((s) => s.kind !== 'bypass' || s.until_us > wallNow());

export const find = (kind: Standing['kind'], what: string): Standing | undefined =>
  standing().find((s) => s.kind === kind && s.what === what);

export function condition(): Condition {
  const all = standing();
  if (store.link && !store.link.guard) return 'away';
  if (!guarding.stands) return 'unknown';
  if (all.some((s) => s.kind === 'hold' && s.what === '')) return 'held';
  if (all.some((s) => s.kind === 'trips' && s.waits)) return 'tripped';
  if (all.some((s) => s.kind === 'interlock' || s.kind === 'foreign')) return 'waits';
  if (all.some((s) => s.kind === 'bypass')) return 'bypassed';
  return all.some((s) => s.kind === 'hold') ? 'partly' : 'armed';
}

export function guardName(number: number): string {
  const found = guarding.numbers.find((g) => g.guard === number);
  return found ? currentLang() === 'ko' ? found.name_ko : found.name : '';
}

// What stands, in one sentence without figures that drift.
export function sentenceOf(s: Standing): string {
  switch (s.kind) {
    case 'hold': return s.what === '' ? t('stands.hold.all') : t('stands.hold', {what: s.what});
    case 'bypass': return t('stands.bypass', {n: s.guard, name: guardName(s.guard)});
    case 'revoked': return t('stands.revoked', {what: s.what});
    case 'interlock': return t('stands.interlock', {what: s.what});
    case 'foreign': return t('stands.foreign', {what: s.what, n: s.count});
    case 'lots': return t(s.what === '' ? 'stands.lots' : s.what === 'inside' ? 'stands.lots.inside' : 'stands.lots.at', {what: s.what});
    case 'trips': return t(s.waits ? 'stands.trips.latched' : 'stands.trips', {n: s.count});
  }
}

export const keyOf = (s: Standing): string => `${s.kind} ${s.guard} ${s.what}`;

// What the newest refusal of a guard was, of the decisions that the page knows.
export function lastRefusal(): {row: Row; guard: number; reason: string; at_us: number} | null {
  let last: ReturnType<typeof lastRefusal> = null;
  for (const row of store.rows.values()) for (const s of row.sent) {
    const guard = Number(s.guard ?? 0);
    if (guard > 0 && (!last || s.at_us > last.at_us)) last = {row, guard, reason: s.reason ?? '', at_us: s.at_us};
  }
  return last;
}

// Why this person cannot do it now; '' when nothing is in the way.
// Does anything of it go to the line?
export function sends(point: {mode: string}): boolean {
  return point.mode === 'approve' || point.mode === 'auto';
}

export const sending = () => (store.plant.decide?.points ?? []).filter(sends);

// Classes whose entry people may decide by hand.
export const entriesOf = (): string[] => sending().filter((p) => p.kind === 'release').map((p) => p.at);

export function whyNot(deed: Deed): string {
  const engineer = deed.name === 'bypass' || deed.name === 'end-bypass' || deed.name === 'revoke' || deed.role === 'engineer';
  return lacks(engineer ? 'engineer' : 'operator') || (condition() === 'away' ? t('armed.away.long') : '');
}

function tell(before: Standing[], now: Standing[]): void {
  const old = new Set(before.map(keyOf)), fresh = new Set(now.map(keyOf));
  for (const s of now) if (!old.has(keyOf(s))) announce(sentenceOf(s));
  for (const s of before) if (!fresh.has(keyOf(s))) announce(t('stands.over', {what: sentenceOf(s)}));
}

export function putStands(stands: Standing[]): void {
  const before = guarding.stands;
  asking++;  // an answer that is still on its way is older
  guarding.stands = stands;
  guarding.error = '';
  if (before) tell(before, stands);
  store.mark('guard');
}

async function look(): Promise<void> {
  const mine = ++asking;
  try {
    const got = await ask<GuardAnswer>('guard');
    if (mine !== asking) return;
    guarding.numbers = got.guards;
    putStands(got.stands);
  } catch (error) {
    if (mine !== asking) return;
    guarding.stands = null;
    guarding.error = error instanceof ApiError && error.status === 0 ? '' : errorText(error);
    store.mark('guard');
  }
}

const canAsk = (): boolean => store.known && !store.offline && hasGuard() && !!store.link?.guard;

export function lookAgain(): void {
  clearTimeout(timer);
  const there = canAsk() && !document.hidden;
  const next = () => void (timer = window.setTimeout(lookAgain, watched ? fastMs : slowMs));
  if (there) void look().then(next);
  else next();
}

export function watchClosely(on: boolean): void {
  watched = on;
  if (on) lookAgain();
}

// Returns what ends it.
export function watchGuard(): () => void {
  let there = store.link?.guard, seen = store.notices.length, could = canAsk();
  const stop = store.listen(['link', 'notices', 'state', 'page'], () => {
    const heard = store.notices.slice(seen).some((n) => n.kind === 'guard');
    seen = store.notices.length;
    if (store.link?.guard !== there && there !== undefined && hasGuard())
      announce(t(store.link?.guard ? 'armed.back' : 'armed.away.long'));
    if (heard || could !== canAsk()) lookAgain();
    [there, could] = [store.link?.guard, canAsk()];
  });
  lookAgain();
  return () => (stop(), clearTimeout(timer));
}
