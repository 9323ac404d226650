// explained.tsx - what each feature adds to one prediction, the largest first, around a common zero.
import {decimals, digitsFor, num, range, shortStamp, stamp} from '../format';
import {t} from '../i18n';
import {version} from './list';
import {Seen} from './seen';
import type {Explained, Live, Model} from './types';

function Effect({effect, most}: {effect: number; most: number}) {
  const w = 160, half = w / 2, size = Math.max(1, Math.abs(effect) / most * (half - 2));
  return <svg class="effect" width={w} height="12" viewBox={`0 0 ${w} 12`} aria-hidden="true">
    <path class="track" d={`M${half} 0V12`} />
    <rect class={effect < 0 ? 'less' : 'more'} x={effect < 0 ? half - size : half} y="2" width={size} height="8" />
  </svg>;
}

export function Why({of}: {of: Explained | undefined}) {
  if (!of || of.features.length === 0) return <section class="card"><h2>{t('model.why')}</h2><p class="muted">{t('model.why.none')}</p></section>;
  const most = Math.max(...of.features.map((f) => Math.abs(f.effect)), 1e-300);
  return <section class="card"><h2>{t('model.why')}</h2>
    <p class="muted num">{t('model.why.of', {unit: of.unit, time: stamp(of.time_us), version: version(of.version)})}</p>
    <p class="num">{t('model.why.sum', {base: num(of.base), value: num(of.value)})}</p>
    <ol class="effects">{of.features.map((f) => <li key={f.feature}>
      <span class="ids">{f.feature}</span>
      <Effect effect={f.effect} most={most} />
      <span class="num"><strong>{num(f.effect, true)}</strong> <span class="muted">{f.value === null ? t('model.missing') : t('model.at', {value: num(f.value)})}</span></span>
    </li>)}</ol></section>;
}

// Of a monitor: whose values make the alarm, against those of good operation.
export function Blame({model, of: l, again}: {model: Model; of: Live | undefined; again: () => void}) {
  const a = l?.alarm, most = Math.max(...a?.blame.map((b) => Math.abs(b.contribution)) ?? [], 1e-300);
  return <section class="card"><h2>{t('model.blame')}</h2>
    {!a ? <p class="muted">{t('model.blame.none')}</p> : <>
      <p class="num">{t('model.blame.of', {unit: l.unit, time: shortStamp(a.since_us), index: num(a.index), version: version(a.version)})}</p>
      <p class="muted">{t('model.blame.one')}</p>
      <ol class="effects">{a.blame.map((b) => <li key={b.feature}>
        <span class="ids">{b.feature}</span>
        <Effect effect={b.contribution} most={most} />
        <span class="num"><strong>{num(b.contribution)}</strong> <span class="muted">{b.value === null ? t('model.missing') : t('model.at', {value: b.low !== null && b.high !== null ? decimals(b.value, digitsFor(b.low, b.high)) : num(b.value)})}
          {b.low !== null && b.high !== null && `, ${t('model.usually', {range: range(b.low, b.high)})}`}</span></span>
      </li>)}</ol></>}
    {l && <Seen key={l.unit} model={model} of={l} onDone={again} />}
  </section>;
}
