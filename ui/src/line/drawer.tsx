// drawer.tsx - one station, close up: machines, queue, states of the last two hours, and what the
// person at the machine may enter.
import {ago, clock, duration, percent} from '../format';
import {t} from '../i18n';
import {Glyph, stateWord} from '../parts/glyph';
import {lacks} from '../parts/rights';
import {PointHolds} from '../guard/deeds';
import {hrefOf} from '../route';
import {store, useStore} from '../store';
import {isBottleneck, queueText, shareOf} from './describe';
import {NoteDialog} from './note_dialog';
import {barsOf, shares} from './bars';
import {Strip} from './timeline';
import {useEffect, useRef, useState} from 'preact/hooks';

export function Drawer({station, onClose}: {station: number; onClose: () => void}) {
  useStore('state', 'kpi', 'second', 'link');
  const [note, setNote] = useState<'reason' | 'scrap' | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [station]);
  const plan = store.plant.stations[station]!;
  const first = store.machineAt[station]!, why = lacks('operator');
  const to = store.lineNow, from = to - 2 * 3600e6;
  const points = store.plant.decide?.points.filter((p) => p.at === plan.name) ?? [];
  return <aside class="drawer" aria-label={plan.name}>
    <div class="drawer-head"><h2 ref={heading} tabIndex={-1}>{plan.name}</h2>
      <button class="quiet" onClick={onClose}>{t('close')}</button></div>
    {isBottleneck(store, station) && <p><strong>BN {percent(shareOf(store, station))}</strong> {t('bottleneck.of')}</p>}
    <p>{t('queue')}: <span class="num">{queueText(store, station)}</span>
      {plan.mean_s !== null && <> · {t('mean')}: <span class="num">{duration(plan.mean_s)}</span></>}
      {plan.area && <> · {plan.area}</>}</p>
    <ul class="machines">{plan.machines.map((machine, m) => {
      const at = first + m, bars = barsOf(store.segments[at]!, from, to);
      const start = bars[0]?.from ?? from;
      return <li>
        <div class="machine-head"><Glyph code={store.state[at]!} /> <strong>{machine.name}</strong>
          {' '}<span>{stateWord(store.state[at]!)}</span>
          {store.since[at]! > 0 && <span class="muted num" title={clock(store.since[at]!)}> {ago(store.since[at]!, to)}</span>}</div>
        {store.reason[at] && <div>{t('reason')}: {store.reason[at]}</div>}
        {store.lots[at]!.length > 0 && <div class="ids">{t('lots')}: {store.lots[at]!.slice(0, 12).join(', ')}</div>}
        {store.setup[at] && <div class="ids">{t('setup.for')}: {store.setup[at]}</div>}
        {store.chosen[at] && <div class="ids"><strong>{t('chosen')}: {store.chosen[at]}</strong></div>}
        <Strip bars={bars} from={start} to={to} width={Math.min(310, innerWidth - 70)} />
        <div class="muted num">{shares(bars).slice(0, 3).map(([c, v]) => `${stateWord(c)} ${percent(v)}`).join(' · ')}
          {' '}{t('of.span', {span: duration((to - start) / 1e6)})}</div>
      </li>;
    })}</ul>
    {points.length > 0 && <PointHolds points={points} />}
    <div class="buttons">
      <button disabled={!!why} title={why} onClick={() => setNote('reason')}>{t('note.reason.button')}</button>
      <button disabled={!!why} title={why} onClick={() => setNote('scrap')}>{t('note.scrap.button')}</button>
      <a class="button" href={hrefOf('twin', '', new URLSearchParams({station: plan.name}))}>{t('open.twin')}</a>
    </div>
    {why && <p class="muted">{why}</p>}
    {note && <NoteDialog station={station} kind={note} onClose={() => setNote(null)} />}
  </aside>;
}
