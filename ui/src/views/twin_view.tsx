// twin_view.tsx - the forecast against what came, and "what if": change a number, see the difference.
import {ask} from '../api';
import {clock, count, decimals, digitsFor, interval, percent, range} from '../format';
import {t, word} from '../i18n';
import {Failed, Loading, useAsk, errorText} from '../parts/notice';
import {Whisker, scaleOf, unclear} from '../parts/interval';
import {Fan} from '../plots/fan';
import {useRoute} from '../route';
import {store, useStore} from '../store';
import type {ForecastAnswer, MeanInterval, WhatIfAnswer} from '../types';
import {pathsOf, type Change} from './plant_paths';
import {useEffect, useState} from 'preact/hooks';

// To begin with: one machine more where the line is held back, if the file says how many.
function firstChange(paths: Change[], station: string): Change {
  const names = [station, ...(store.kpi?.bottleneck.map((b) => b.station) ?? [])];
  const counts = paths.filter((p) => p.path.endsWith('.machines') && /^\d+$/.test(p.value));
  const one = names.map((n) => counts.find((p) => p.path === `stations.${n}.machines`)).find(Boolean) ?? counts[0];
  return one ? {path: one.path, value: String(Number(one.value) + 1)} : {path: paths[0]?.path ?? '', value: ''};
}

// What really came since the forecast was made, where the server does not tell.
function useReal(forecast: ForecastAnswer | null): [number, number][] {
  const [real, put] = useState<[number, number][]>([]);
  useEffect(() => {
    put([]);
    if (!forecast || forecast.real.length > 0 || !store.kpi) return;
    const before = store.kpi.made, points: [number, number][] = [[forecast.origin_us, 0]];
    const timer = setInterval(() => {
      if (store.offline || !store.kpi || store.lineNow <= points[points.length - 1]![0]) return;
      points.push([store.lineNow, store.kpi.made - before]);
      put([...points]);
    }, 3000);
    return () => clearInterval(timer);
  }, [forecast]);
  return forecast && forecast.real.length > 0 ? forecast.real : real;
}

function Result({answer, changes}: {answer: WhatIfAnswer; changes: Change[]}) {
  const names = Object.keys(answer.difference);
  const gain = (name: string) => {
    const {mean, low, high} = scaled(name, answer.difference[name]!)!;
    return mean === null || low === null || high === null ? null : {gain: mean, low, high};
  };
  const said = (v: MeanInterval | undefined) =>
    v?.mean == null || v.low === null || v.high === null ? '–'
      : `${decimals(v.mean, digitsFor(v.low, v.high))} (${range(v.low, v.high)})`;
  // Shares are told in percent.
  const scaled = (name: string, v: MeanInterval | undefined): MeanInterval | undefined => name !== 'on_time' || !v ? v
    : {mean: v.mean === null ? null : v.mean * 100, low: v.low === null ? null : v.low * 100, high: v.high === null ? null : v.high * 100};
  return <section class="card whatif-result" aria-live="polite">
    <h2>{changes.map((c) => `${c.path}: ${c.value}`).join(', ')}</h2>
    <div class="scroller" tabIndex={0} role="group" aria-label={t('whatif')}><table>
      <thead><tr><th scope="col">{t('measure')}</th><th scope="col">{t('as.is')}</th><th scope="col">{t('what.if')}</th><th scope="col">{t('difference')}</th></tr></thead>
      <tbody>{names.map((name) => {
        const a = scaled(name, answer.as_is[name]), b = scaled(name, answer.what_if[name]), d = gain(name);
        return <tr><th scope="row">{word('measure', name)}</th>
          <td class="num">{said(a)}</td>
          <td class="num">{said(b)}</td>
          <td>{!d ? '–' : <><Whisker gain={d} scale={scaleOf([d])} width={120} /> <strong class="num">{interval(d.gain, d.low, d.high)}</strong>
            {unclear(d) && <span class="unclear-word"> {t('gain.unclear')}</span>}</>}</td></tr>;
      })}</tbody></table></div>
    <p class="muted">{t('whatif.note', {n: answer.futures ?? 200})}{answer.from === 'present' ? ` ${t('whatif.from.present', {time: clock(answer.origin_us ?? store.lineNow)})}` : answer.from && ` ${t('whatif.from')}`}</p>
  </section>;
}

function WhatIf({hours}: {hours: number}) {
  const {query} = useRoute();
  const [paths, setPaths] = useState<Change[]>([]);
  const [changes, setChanges] = useState<Change[]>([{path: '', value: ''}]);
  useEffect(() => void ask<{text: string}>('plant/file').then(({text}) => {
    const found = pathsOf(text);
    setPaths(found);
    setChanges([firstChange(found, query.get('station') ?? '')]);
  }, () => {}), []);
  const [answer, setAnswer] = useState<{value: WhatIfAnswer; changes: Change[]} | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const now = (path: string): string => paths.find((p) => p.path === path)?.value ?? '';
  const change = (i: number, part: Partial<Change>) => setChanges(changes.map((c, k) => k === i ? {...c, ...part} : c));
  const run = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    try {
      const value = await ask<WhatIfAnswer>('whatif', 'POST', {set: changes, hours, futures: 200});
      setAnswer({value, changes});
    } catch (failed) {
      setError(errorText(failed));
    }
    setBusy(false);
  };
  return <>
    <form class="card whatif" onSubmit={run}>
      <h2>{t('whatif')}</h2>
      {changes.map((c, i) => <div class="change">
        <label>{t('whatif.path')}<input list="paths" value={c.path} onInput={(e) => change(i, {path: e.currentTarget.value})} /></label>
        <label>{t('whatif.value')}<input value={c.value} onInput={(e) => change(i, {value: e.currentTarget.value})} /></label>
        <span class="muted now-is">{now(c.path) && t('whatif.now', {value: now(c.path)})}</span>
        {changes.length > 1 && <button type="button" class="quiet" onClick={() => setChanges(changes.filter((_, k) => k !== i))}>{t('remove', {name: c.path})}</button>}
      </div>)}
      <datalist id="paths">{paths.map((p) => <option value={p.path}>{p.value}</option>)}</datalist>
      <div class="buttons">
        <button type="button" onClick={() => setChanges([...changes, {path: '', value: ''}])} disabled={changes.length >= 8}>{t('whatif.add')}</button>
        <button type="submit" class="primary" disabled={busy || store.offline || changes.some((c) => !c.path || !c.value)}>{t(busy ? 'whatif.running' : 'whatif.run')}</button>
        <span class="muted">{t('whatif.safe')}</span>
      </div>
      {error && <p class="problem" role="alert">{error}</p>}
    </form>
    {answer && <Result answer={answer.value} changes={answer.changes} />}
    {answer?.value.bands && <div class="fans">
      <Fan title={t('as.is')} bands={answer.value.bands.as_is} real={[]} futures={answer.value.futures ?? 200} seed={answer.value.seed ?? '–'} hash={answer.value.hash ?? ''} />
      <Fan title={t('what.if')} bands={answer.value.bands.what_if} real={[]} futures={answer.value.futures ?? 200} seed={answer.value.seed ?? '–'} hash={answer.value.hash ?? ''} /></div>}
  </>;
}

export function TwinView() {
  useStore('link', 'page');
  const [hours, setHours] = useState(8);
  const {value, error, again} = useAsk((signal) => ask<ForecastAnswer>(`forecast?hours=${hours}`, 'GET', undefined, signal), [hours]);
  const real = useReal(value);
  const end = value ? value.times_us.length - 1 : 0, pair = value?.bands['95']?.[end];
  return <div class="view twin-view">
    <h1 class="visually-hidden">{t('view.twin')}</h1>
    <section class="card">
      <div class="toolbar"><h2>{t('fan')}</h2>
        <div class="tabs" role="group" aria-label={t('span')}>{[2, 8, 24].map((h) => <button aria-pressed={hours === h} onClick={() => setHours(h)}>{h}h</button>)}</div>
        <span class="spring" /><button onClick={again}>{t('refresh')}</button></div>
      {error !== null && <Failed error={error} again={again} />}
      {!value && error === null && <Loading what={t('loading.forecast')} />}
      {value && pair && <p class="headline">{t('fan.headline', {hours, median: count(value.median[end] ?? null), low: count(pair[0]), high: count(pair[1])})}
        {value.scores?.coverage !== undefined && value.scores?.coverage !== null && <span class="muted"> {t('fan.scores', {share: percent(value.scores.coverage)})}</span>}</p>}
      {value && <Fan title={t('fan.made')} bands={value} real={real} origin={value.origin_us} futures={value.futures} seed={value.seed} hash={value.hash} />}
    </section>
    <WhatIf hours={hours} />
  </div>;
}
