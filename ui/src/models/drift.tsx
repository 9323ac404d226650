// drift.tsx - has the plant changed since the version learnt? Each value's distance from what was
// learnt (PSI) against its limit, and the error when the truth has come.
import {duration, num, percent, shortStamp} from '../format';
import {t, word} from '../i18n';
import {LimitBar} from './bar';
import type {Drift, Drifted} from './types';

// What chance alone gives is no drift, however large.
const limitOf = (d: Drift, f: Drifted): number => Math.max(d.psi_limit, f.noise ?? 0);
const suspicion = (d: Drift, f: Drifted): number => (f.psi ?? 0) / limitOf(d, f);

function Row({of: f, name, limit}: {of: Drifted; name: string; limit: number}) {
  return <li><span class="ids">{name}</span>
    <LimitBar value={f.psi} limit={limit} bad={f.drifted} />
    <span class="num">{num(f.psi)} <span class="muted">{t('gate.most', {limit: num(limit)})}</span></span>
    <span class="num muted">{f.mean_then !== null && f.mean_now !== null && t('drift.means', {then: num(f.mean_then), now: num(f.mean_now)})}
      {(f.missing_now ?? 0) > (f.missing_then ?? 0) + 0.01 && ` · ${t('drift.missing', {share: percent(f.missing_now)})}`}
      {f.drifted && <strong class="problem"> {t('drift.moved')}</strong>}</span></li>;
}

export function DriftCard({of: d}: {of: Drift | null | undefined}) {
  return <section class="card"><h2>{t('drift')}</h2>
    {!d ? <p class="muted">{t('drift.unwatched')}</p> : <>
      <p class={d.state === 'drift' ? 'problem' : ''}>{word('drift', d.state)}{d.since_us !== null && ` · ${t('drift.since', {time: shortStamp(d.since_us)})}`}</p>
      <p class="muted num">{t('drift.window', {span: duration(d.window_us / 1e6), n: d.rows})}</p>
      {d.error_then !== null && d.error_now !== null && <p class={`num${d.errors ? ' problem' : ''}`}>{t('drift.error', {then: num(d.error_then), now: num(d.error_now)})}</p>}
      {d.labels_late && <p class="problem">{t('drift.late')}</p>}
      <ul class="gates drifts">{[...d.features].sort((a, b) => suspicion(d, b) - suspicion(d, a)).map((f) => <Row key={f.feature} of={f} name={f.feature ?? ''} limit={limitOf(d, f)} />)}
        <Row of={d.predictions} name={t('drift.predictions')} limit={limitOf(d, d.predictions)} /></ul></>}
  </section>;
}
