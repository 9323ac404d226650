// lines.tsx - the two lines of a demo: the same plant by its own rule and with Lineshaft, at the same
// moment. Says in one sentence which runs better and by how much, and leads to why.
import {count, decimals, duration, num, percent, interval} from '../format';
import {t, word} from '../i18n';
import {hrefOf} from '../route';
import {ask} from '../api';
import {useStore} from '../store';
import type {LineDifference, LineRow, ProveRow, Row} from '../types';
import {useEffect, useState} from 'preact/hooks';

interface Measure {
  key: 'made' | 'per_hour' | 'wip' | 'cycle_s' | 'on_time' | 'cost';
  name: string;
  more: boolean;  // more is better
  text: (v: number | null) => string;
  difference: (d: number) => string;
}

const measures = (): Measure[] => [
  {key: 'made', name: t('kpi.made'), more: true, text: count, difference: (d) => decimals(d, 0, true)},
  {key: 'per_hour', name: t('kpi.per_hour'), more: true, text: num, difference: (d) => num(d, true)},
  {key: 'wip', name: t('kpi.wip'), more: false, text: num, difference: (d) => num(d, true)},
  {key: 'cycle_s', name: t('kpi.cycle'), more: false, text: duration,
    difference: (d) => (d > 0 ? '+' : '') + duration(d)},
  {key: 'on_time', name: t('kpi.on_time'), more: true, text: percent,
    difference: (d) => `${decimals(d * 100, 1, true)} ${t('points')}`},
  {key: 'cost', name: t('kpi.cost'), more: false, text: num, difference: (d) => num(d, true)},
];

const valueOf = (row: LineRow, key: Measure['key'], both: boolean): number | null =>
  key === 'wip' && both ? row.wip_mean ?? row.wip : row[key];

const good = (m: Measure, d: number): 'better' | 'worse' | 'same' =>
  Math.abs(d) < 1e-9 ? 'same' : (d > 0) === m.more ? 'better' : 'worse';

const bothMeans = (a: LineRow, b: LineRow): boolean => a.wip_mean != null && b.wip_mean != null;

// "Made +12 (95 % CI +7 to +17) in 1.5 h, by 9 windows.", or that this is not clear yet.
function proof(d: LineDifference | null): string {
  if (!d || d.half_width === null) return '';
  const low = d.made - d.half_width, high = d.made + d.half_width;
  return t(low <= 0 && high >= 0 ? 'lines.proof.unclear' : 'lines.proof',
    {gain: interval(d.made, low, high), time: duration(d.hours * 3600), n: d.windows});
}

// What the sentence names: the amounts that matter, at most two, the better ones first.
function headline(own: LineRow, with_: LineRow): string {
  const said = measures().filter((m) => m.key !== 'per_hour').flatMap((m) => {
    const both = bothMeans(own, with_), a = valueOf(own, m.key, both), b = valueOf(with_, m.key, both);
    if (a === null || b === null || a === 0) return [];
    const d = b - a;
    return [{m, d, share: Math.abs(d / a), how: good(m, d)}];
  }).filter((x) => x.share >= 0.005);
  if (said.length === 0) return t('lines.same');
  const better = said.filter((x) => x.how === 'better').sort((a, b) => b.share - a.share);
  const worse = said.filter((x) => x.how === 'worse').sort((a, b) => b.share - a.share);
  const text = (x: typeof said[number]) => `${x.m.name} ${x.m.difference(x.d)} (${decimals(x.d > 0 ? x.share * 100 : -x.share * 100, 1, true)}${percent(0).slice(1)})`;
  if (better.length === 0) return t('lines.worse', {what: worse.slice(0, 2).map(text).join(', ')});
  return t('lines.better', {what: better.slice(0, 2).map(text).join(', ')}) +
    (worse.length ? ` ${t('lines.but', {what: text(worse[0]!)})}` : '');
}

function usePromised(): {row: ProveRow | null; unit: string} {
  const [state, put] = useState<{row: ProveRow | null; unit: string}>({row: null, unit: ''});
  useEffect(() => {
    const look = () => void ask<{rows: ProveRow[]; unit: string}>('prove').then((a) =>
      put({row: [...a.rows].filter((r) => r.unit === a.unit).sort((x, y) => y.sent - x.sent)[0] ?? null, unit: a.unit}), () => {});
    look();
    const timer = setInterval(look, 30000);
    return () => clearInterval(timer);
  }, []);
  return state;
}

export function Lines() {
  const store = useStore('kpi', 'rows');
  const {row, unit} = usePromised();
  const [own, with_] = store.lines ?? [];
  if (!own || !with_) return null;
  const newest = (rows: Row[]): Row | undefined => rows.sort((a, b) => b.time_us - a.time_us)[0];
  const all = [...store.rows.values()], both = bothMeans(own, with_);
  const acted = newest(all.filter((r) => r.chosen !== r.own && (r.state === 'done' || r.state === 'sent'))) ??
    newest(all.filter((r) => r.chosen !== r.own));
  const shown = measures().filter((m) => own[m.key] !== null || with_[m.key] !== null);
  return <section class="lines card" aria-label={t('lines')}>
    <p class="headline">{headline(own, with_)}
      {' '}<a href={hrefOf('decisions', acted?.id ?? '')}>{t('lines.why')}</a></p>
    <div class="scroller" tabIndex={0} role="group" aria-label={t('lines')}><table>
      <thead><tr><th scope="col">{t('lines.line')}</th>
        {shown.map((m) => <th scope="col" class="right">{m.name}</th>)}</tr></thead>
      <tbody>
        {[own, with_].map((r, i) => <tr><th scope="row">{t(i === 0 ? 'lines.own' : 'lines.with')}</th>
          {shown.map((m) => <td class="num right">{m.text(valueOf(r, m.key, both))}</td>)}</tr>)}
        <tr class="difference"><th scope="row">{t('difference')}</th>
          {shown.map((m) => {
            const a = valueOf(own, m.key, both), b = valueOf(with_, m.key, both);
            if (a === null || b === null) return <td class="right">–</td>;
            const how = good(m, b - a);
            return <td class="num right"><strong>{m.difference(b - a)}</strong>
              <span class="how"> {how === 'same' ? '' : t(`lines.${how}.word`)}</span></td>;
          })}</tr>
      </tbody>
    </table></div>
    <p class="muted">{t('lines.note')} {proof(store.difference)}
      {row?.promised && <> {t('lines.promised', {kind: word('kind', row.kind), n: row.sent,
        gain: interval(row.promised.gain, row.promised.low, row.promised.high, unit)})}</>}
      {row?.realised && <> {t('lines.realised', {
        gain: interval(row.realised.gain, row.realised.low, row.realised.high, unit)})}</>}</p>
  </section>;
}
