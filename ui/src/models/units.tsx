// units.tsx - what the model says of each unit now; those to look at first.
import {duration, num, percent, range, shortStamp} from '../format';
import {t, word} from '../i18n';
import {store} from '../store';
import {isMonitor, saidOf} from './list';
import type {Live, Model} from './types';
import {useState} from 'preact/hooks';

const shownMost = 60;
const rank = (l: Live): number => l.alarm ? -1 : l.unusual ? 0 : l.state === 'silent' ? 1 : l.state === 'partial' ? 2 : 3;

function Unit({of: l, model, chosen, onChoose}: {of: Live; model: Model; chosen: boolean; onChoose: () => void}) {
  const bounded = l.low !== null && l.high !== null;
  return <li><button aria-pressed={chosen} onClick={onChoose}>
    <span class="inbox-head"><strong class="ids">{l.unit}</strong>
      <span class="muted">{word('model.state', l.state)}</span></span>
    <span class="num"><strong class="said">{saidOf(model, l.value)}</strong> {isMonitor(model) && l.value !== null && <span class="muted">{t('model.of.limit')}</span>}{bounded && <span class="muted">{t('model.range', {level: percent(model.score.interval), range: range(l.low!, l.high!)})}</span>}</span>
    {l.truth !== null && <span class="num muted">{model.classes?.length ? t('model.last.class', {truth: saidOf(model, l.truth)}) : t('model.last.truth', {truth: num(l.truth), error: num(l.error, true)})}</span>}
    {l.coverage !== null && l.coverage !== undefined && <span class="num muted">{t('model.unit.coverage', {share: percent(l.coverage), n: l.scored ?? 0})}</span>}
    {l.alarm ? <span class="flag">{t('model.alarm', {time: shortStamp(l.alarm.since_us)})}</span>
      : l.unusual && <span class="flag">{t(isMonitor(model) ? 'model.alarm.now' : 'model.unusual')}</span>}
    {l.age_s !== null && (store.offline || l.age_s * 1e6 > 3 * model.every_us) && <span class="age num">{t('age', {age: duration(Math.round(l.age_s))})}</span>}
  </button></li>;
}

export function Units({model, unit, onUnit}: {model: Model; unit: string; onUnit: (unit: string) => void}) {
  const [every, setEvery] = useState(false);
  const all = [...model.live].sort((a, b) => rank(a) - rank(b)), shown = every ? all : all.slice(0, shownMost);
  return <>
    <ul class="units">{shown.map((l) => <Unit key={l.unit} of={l} model={model} chosen={l.unit === unit} onChoose={() => onUnit(l.unit)} />)}</ul>
    {shown.length < all.length && <button class="quiet" onClick={() => setEvery(true)}>{t('model.all.units', {n: all.length})}</button>}
  </>;
}
