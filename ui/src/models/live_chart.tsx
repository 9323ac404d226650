// live_chart.tsx - what a model says of a unit over time, drawn where it aims at: a prediction made an
// horizon ahead stands an horizon later, beside the truth of that moment.
import {ask} from '../api';
import {num, percent, range, stamp} from '../format';
import {t} from '../i18n';
import {Empty, Failed, Loading, useAsk} from '../parts/notice';
import {LineKeys} from '../plots/around';
import {Plot} from '../plots/plot';
import {store} from '../store';
import type {HistoryAnswer} from '../types';
import {isMonitor, saidOf} from './list';
import type {Live, Model} from './types';

type Tag = HistoryAnswer['tags'][number];
type Column = (number | null)[];

export const tagOf = (pattern: string, unit: string): string => pattern.replaceAll('{unit}', unit);

// The means of a tag in columns of equal width; null where there was none.
function gridOf(tag: Tag | undefined, from: number, step: number, count: number): Column {
  const column: Column = new Array(count).fill(null);
  for (const [us, mean] of tag?.points ?? []) {
    const i = Math.round((us - from) / step);
    if (i >= 0 && i < count) column[i] = mean;
  }
  return column;
}

// A value holds until the next one, but not over a gap, nor past the present.
function held(column: Column, tag: Tag | undefined, from: number, step: number, now: number): Column {
  let last: number | null = null;
  return column.map((v, i) => {
    const at = from + i * step;
    if (tag?.gaps.some(([a, b]) => at >= a && at < b) || at > now) return last = null;
    return last = v ?? last;
  });
}

// What to ask for: columns no narrower than the time between predictions, which then leave no holes.
export function spanOf(model: Model, hours: number, width: number, now: number) {
  const every = Math.max(1000, model.every_us);
  const step = every * Math.max(1, Math.ceil(hours * 3600e6 / every / Math.max(100, Math.min(1000, width))));
  const count = Math.max(2, Math.ceil(hours * 3600e6 / step)), to = Math.ceil((now + 1) / step) * step;
  return {from: to - count * step, to, step, count};
}

export function LiveChart({model, live, hours, width, beat}: {model: Model; live: Live; hours: number; width: number; beat: number}) {
  const now = store.lineNow || store.me.line_now_us, {from, to, step, count} = spanOf(model, hours, width, now);
  const watches = isMonitor(model), shift = model.horizon_us, names = model.tags, unit = live.unit;
  const truthTag = model.label.kind === 'tag' ? tagOf(model.label.source, unit) : '';
  const {value, error, again} = useAsk(async (signal) => {
    const get = (tags: string[], by: number) => ask<HistoryAnswer>(`history?tags=${encodeURIComponent(tags.join(','))}&from_us=${from + by}&to_us=${to + by}&points=${count}`, 'GET', undefined, signal);
    const said = await get([names.value, names.low, names.high, names.challenger, names.unusual].map((n) => tagOf(n, unit)), 0);
    const truth = truthTag ? (await get([truthTag], shift)).tags[0] : undefined;
    const grid = (name: string) => gridOf(said.tags.find((x) => x.name === tagOf(name, unit)), from, step, count);
    const unusual = grid(names.unusual);
    return {x: Array.from({length: count}, (_, i) => (from + shift + i * step) / 1e6),
      y: [grid(names.low), grid(names.high), grid(names.value), held(gridOf(truth, from + shift, step, count), truth, from + shift, step, now), grid(names.challenger)] as const,
      // Only where it begins: a mark for each moment would be a wall.
      marks: unusual.flatMap((v, i) => v && !unusual[i - 1] ? [{at: (from + shift + i * step) / 1e6, text: t(watches ? 'model.alarm.now' : 'model.unusual')}] : [])};
  }, [model.name, unit, hours, width > 0, beat, model.serving]);
  if (error !== null && !value) return <Failed error={error} again={again} />;
  if (!value) return <Loading what={t('loading.history')} />;
  const [low, high, said, truth, challenger] = value.y;
  if (said.every((v) => v === null)) return <Empty>{t('model.chart.none')}</Empty>;
  const level = percent(model.score.interval), hasShadow = challenger.some((v) => v !== null), hasTruth = truth.some((v) => v !== null);
  const sentence = live.value === null ? t('model.state.none') : watches ? t('model.said.index', {value: num(live.value)})
    : live.low === null || live.high === null ? t('model.said', {value: saidOf(model, live.value)})
    : t('model.said.interval', {value: num(live.value), level, range: range(live.low, live.high)});
  // Of this unit, where each column is one prediction.
  const judged = step > model.every_us ? [] : truth.flatMap((v, i) => v === null || low[i] === null || high[i] === null ? [] : [v >= low[i]! && v <= high[i]!]);
  const drawn = judged.length ? ` ${t('model.drawn', {n: judged.filter(Boolean).length, of: judged.length})}` : '';
  const name = t(watches ? 'model.index' : 'model.prediction'), limit: Column = value.x.map(() => 1);
  const lines: [string, string, string][] = [['series1', '', name], ...(watches ? [['limit', '4 4', t('model.limit')] as [string, string, string]] : []), ...(hasTruth ? [['series2', '6 3', t('model.truth')] as [string, string, string]] : []),
    ...(hasShadow ? [['series4', '2 2', t('model.challenger')] as [string, string, string]] : [])];
  return <>
    <Plot title={unit} unit="" sentence={sentence + drawn} x={value.x} span={[value.x[0]!, value.x[count - 1]!]} height={260} sync="models"
      fromZero={watches} y={[low, high, said, watches ? limit : truth, challenger]}
      series={[{name: t('min'), colour: 'series1', hidden: true}, {name: t('max'), colour: 'series1', hidden: true}, {name, colour: 'series1', width: 2},
        watches ? {name: t('model.limit'), colour: 'text', dash: [4, 4]} : {name: t('model.truth'), colour: 'series2', width: 2, dash: [6, 3], hidden: !hasTruth}, {name: t('model.challenger'), colour: 'series4', dash: [2, 2], hidden: !hasShadow}]}
      bands={[{series: [2, 1], colour: 'fan80'}]} marks={value.marks}
      table={{heads: [t('time'), name, ...(watches ? [t('model.limit')] : [t('model.low'), t('model.high'), t('model.truth')]), t('model.challenger')],
        rows: value.x.flatMap((s, i) => said[i] === null && truth[i] === null ? []
          : [[stamp(s * 1e6), ...[said, ...(watches ? [limit] : [low, high, truth]), challenger].map((c) => num(c[i]))]])}} />
    <LineKeys of={lines}>
      {low.some((v) => v !== null) && <li><svg width="28" height="10" aria-hidden="true"><rect class="band" width="28" height="10" /></svg> {t('model.interval', {level})}</li>}
      {value.marks.length > 0 && <li><svg width="28" height="10" aria-hidden="true"><path class="mark" d="M14 0V10" stroke-dasharray="3 3" /></svg> {t(watches ? 'model.alarm.from' : 'model.unusual.from')}</li>}</LineKeys>
    {!truthTag && <p class="muted">{t(`model.truth.${model.label.kind}` as 'model.truth.file')}</p>}
  </>;
}
