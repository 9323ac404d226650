// usage.tsx - what an account, or the whole pool, held over time.
import {ask} from '../api';
import {clock, shortStamp} from '../format';
import {t} from '../i18n';
import {Failed, Loading, useAsk} from '../parts/notice';
import {LineKeys, Spans} from '../plots/around';
import {Plot} from '../plots/plot';
import {useRoute} from '../route';
import {gpus, isSlots} from './map';
import {poolStore} from './pool_store';
import type {Usage} from './types';
import {useEffect, useState} from 'preact/hooks';

// As columns, with a null in every gap so that no line is drawn over it.
export function columnsOf(usage: Usage) {
  const rows: (number | null)[][] = usage.points.map(([us, used, borrowed, , waiting, inService]) => [us, used, borrowed, inService, waiting]);
  for (const [from, to] of usage.gaps) rows.push([(from + to) / 2, null, null, null, null]);
  rows.sort((a, b) => a[0]! - b[0]!);
  const column = (k: number) => rows.map((r) => r[k] ?? null);
  return {x: rows.map((r) => r[0]! / 1e6), used: column(1), borrowed: column(2), inService: column(3), waiting: column(4)};
}

export function UsageChart() {
  const {query} = useRoute(), account = query.get('account') ?? '';
  const [span, setSpan] = useState(86400);
  const [round, again] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || poolStore.offline || again((n) => n + 1), Math.max(30000, span * 1000 / 300));
    return () => clearInterval(timer);
  }, [span]);
  const {value, error, again: retry} = useAsk((signal) => {
    const to = Math.max(1, Math.round(poolStore.now));
    return ask<Usage>(`pool/usage?from_us=${Math.max(0, to - span * 1e6)}&to_us=${to}${account ? `&account=${encodeURIComponent(account)}` : ''}`, 'GET', undefined, signal);
  }, [span, account, round]);
  const c = value && columnsOf(value);
  const peak = value?.points.reduce((a, b) => b[1] > a[1] ? b : a, value.points[0]!);
  const last = value?.points[value.points.length - 1];
  return <section class="card usage">
    <div class="toolbar"><h2>{t('usage')}</h2>
      <Spans hours={span / 3600} onHours={(h) => setSpan(h * 3600)} />
      {account && <span class="ids">{t('only.account', {name: account})}</span>}</div>
    {error !== null && !value && <Failed error={error} again={retry} />}
    {!value && error === null && <Loading what={t('loading.usage')} />}
    {value && c && (last && peak ? <Plot title={account || poolStore.pool!.name} unit={isSlots() ? t('cpu.slots') : 'GPU'} fromZero x={c.x}
      sentence={t('usage.sentence', {now: gpus(last[1]), guarantee: gpus(value.guarantee), most: gpus(peak[1]), time: span > 86400 ? shortStamp(peak[0]) : clock(peak[0], false)})
        + (value.gaps.length ? ` ${t('usage.gaps', {n: value.gaps.length})}` : '')}
      y={[c.used, c.borrowed, c.inService, c.waiting, c.x.map(() => value.guarantee)]}
      series={[{name: t('used'), colour: 'series1', width: 2}, {name: t('borrowed'), colour: 'series2', dash: [6, 3]},
        {name: t('in.service'), colour: 'series3', dash: [2, 2]}, {name: t('waiting.for'), colour: 'series4', dash: [8, 2, 2, 2]}, {name: t('guarantee'), colour: 'series5'}]}
      span={[value.from_us / 1e6, value.to_us / 1e6]} shade={value.gaps.map(([a, b]) => [a / 1e6, b / 1e6])} height={220}
      table={{heads: [t('time'), t('used'), t('borrowed'), t('in.service'), t('waiting.for')], rows: value.points.map((p) => [shortStamp(p[0]), gpus(p[1]), gpus(p[2]), gpus(p[5]), gpus(p[4])])}} />
      : <p class="muted">{t('usage.none')}</p>)}
    {value && last && <LineKeys of={[['series1', '', t('used')], ['series2', '6 3', t('borrowed')], ['series3', '2 2', t('in.service')], ['series4', '8 2 2 2', t('waiting.for')], ['series5', '', t('guarantee')]]} />}
  </section>;
}
