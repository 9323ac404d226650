// history_view.tsx - any tags over time. A gap stays a gap; the server answers with at most four
// points for a column of pixels, whatever the span (T10).
import {ask} from '../api';
import {clock, num, range, shortStamp, stamp} from '../format';
import {t} from '../i18n';
import {onKeys} from '../keyboard';
import {Empty, Failed, Loading, errorText, useAsk} from '../parts/notice';
import {Spans} from '../plots/around';
import {columnsOf, type Column} from '../plots/columns';
import {Plot} from '../plots/plot';
import {go, useRoute} from '../route';
import {store, useStore} from '../store';
import type {HistoryAnswer, HistoryTag} from '../types';
import {useRoom} from '../line/drawing';
import {useEffect, useState} from 'preact/hooks';

const hourUs = 3600e6, tagsMost = 8, leastUs = 1e6;

function sentenceOf(tag: HistoryAnswer['tags'][number], c: Column): string {
  const known = c.mean.filter((v): v is number => v !== null);
  if (known.length === 0) return t('history.none');
  const lows = c.low.filter((v): v is number => v !== null), highs = c.high.filter((v): v is number => v !== null);
  const said = t('history.sentence', {last: num(known[known.length - 1]!), range: range(Math.min(...known, ...lows), Math.max(...known, ...highs))});
  return tag.gaps.length === 0 ? said : `${said} ${t('history.gaps', {n: tag.gaps.length,
    from: clock(tag.gaps[0]![0], false), to: clock(tag.gaps[0]![1], false)})}`;
}

// States and counters come as whole numbers and hold until the next.
const isStepped = (c: Column): boolean =>
  [c.low, c.high].every((list) => list.every((v) => v === null || Number.isInteger(v)));

function Chart({tag, events, sync, span, onZoom}: {tag: HistoryAnswer['tags'][number]; events: HistoryAnswer['events'];
    sync: string; span: [number, number]; onZoom: (from: number, to: number) => void}) {
  const [c, put] = useState(() => columnsOf(tag));
  useEffect(() => put(columnsOf(tag)), [tag]);
  if (tag.points.length === 0) return <figure class="plot"><figcaption><strong>{tag.name}</strong></figcaption><Empty>{t('history.none')}</Empty></figure>;
  return <Plot title={tag.name} unit={tag.unit ?? ''} sentence={sentenceOf(tag, c)} sync={sync} span={span} stepped={isStepped(c)} x={c.x} y={[c.low, c.high, c.mean]}
    series={[{name: t('min'), colour: 'series1', hidden: true}, {name: t('max'), colour: 'series1', hidden: true}, {name: t('mean'), colour: 'series1', width: 1.5}]}
    bands={[{series: [2, 1], colour: 'fan80'}]} shade={tag.gaps.map(([a, b]) => [a / 1e6, b / 1e6])}
    marks={events.map((e) => ({at: e.time_us / 1e6, text: e.text ?? e.kind}))} height={170}
    onZoom={(a, b) => onZoom(a * 1e6, b * 1e6)}
    table={{heads: [t('time'), t('mean'), t('min'), t('max')],
      rows: c.x.map((s, i) => [stamp(s * 1e6), num(c.mean[i] ?? null), num(c.low[i] ?? null), num(c.high[i] ?? null)])}} />;
}

function Picker({tags, onAdd}: {tags: string[]; onAdd: (name: string) => void}) {
  const [text, setText] = useState('');
  const [found, setFound] = useState<HistoryTag[]>([]);
  const [error, setError] = useState('');
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => ask<{tags: HistoryTag[]}>(`history/tags?match=${encodeURIComponent(text ? `**${text}**` : '**')}`, 'GET', undefined, stop.signal)
      .then((a) => (setFound(a.tags), setError('')), (e) => stop.signal.aborted || setError(errorText(e))), 200);
    return () => (clearTimeout(timer), stop.abort());
  }, [text]);
  const add = (e: Event) => {
    e.preventDefault();
    const name = found.find((f) => f.name === text)?.name ?? found.find((f) => !tags.includes(f.name))?.name;
    if (name) (onAdd(name), setText(''));
  };
  return <form class="picker" onSubmit={add}>
    <input type="search" data-search list="tags" aria-label={t('history.tag')} placeholder={t('history.tag')} value={text} onInput={(e) => setText(e.currentTarget.value)} />
    <datalist id="tags">{found.slice(0, 200).map((f) => <option value={f.name}>{f.unit ?? f.kind}</option>)}</datalist>
    <button type="submit" disabled={tags.length >= tagsMost}>{t('add')}</button>
    {error && <span class="problem">{error}</span>}
  </form>;
}

export function HistoryView() {
  useStore('page');
  const {query} = useRoute();
  const [ref, width] = useRoom();
  const [copied, setCopied] = useState(false);
  const [beat, setBeat] = useState(0);
  const tags = (query.get('tags') ?? '').split(',').filter(Boolean);
  const hours = Math.min(24 * 366, Math.max(leastUs / hourUs, Number(query.get('hours')) || 1));
  const until = Number(query.get('to')) || 0;  // 0: live
  const to = until || store.lineNow || store.me.line_now_us, from = to - hours * hourUs;
  const set = (changes: Record<string, string | null>) => {
    const next = new URLSearchParams(query);
    for (const [k, v] of Object.entries(changes)) v === null ? next.delete(k) : next.set(k, v);
    go('history', '', next, true);
  };
  useEffect(() => {
    if (until) return;
    const timer = setInterval(() => setBeat((n) => n + 1), 10000);
    return () => clearInterval(timer);
  }, [until]);
  useEffect(() => {  // something to look at: the first tags that there are
    if (tags.length === 0 && !query.has('tags')) void ask<{tags: HistoryTag[]}>('history/tags?match=**').then((a) => {
      const rank = (kind: string) => (['real', 'int', 'bool'].indexOf(kind) + 4) % 4;  // measured values first
      const numbers = a.tags.filter((x) => x.kind !== 'text').sort((x, y) => rank(x.kind) - rank(y.kind)).slice(0, 2).map((x) => x.name);
      if (numbers.length) set({tags: numbers.join(',')});
    }, () => {});
  }, []);
  const points = Math.max(100, Math.min(1200, width || 600));
  const asked = `tags=${encodeURIComponent(tags.join(','))}&from_us=${Math.round(from)}&to_us=${Math.round(to)}`;
  const {value, error, loading, again} = useAsk((signal) => tags.length && width ? ask<HistoryAnswer>(`history?${asked}&points=${points}`, 'GET', undefined, signal).then((a) => ({...a, from, to}))
    : Promise.resolve(null), [tags.join(','), hours, until, beat, width > 0]);
  const move = (by: number) => set({to: String(Math.round(Math.min(store.lineNow || to, to + by * hours * hourUs)))});
  const zoom = (by: number) => set({hours: String(hours * by)});
  useEffect(() => onKeys({BracketLeft: () => move(-0.5), BracketRight: () => move(0.5), Period: () => set({to: null}),
    Equal: () => zoom(0.5), 'Shift+Equal': () => zoom(0.5), NumpadAdd: () => zoom(0.5), Minus: () => zoom(2), NumpadSubtract: () => zoom(2)}));
  return <div class="view history-view" ref={ref}>
    <h1 class="visually-hidden">{t('view.history')}</h1>
    <div class="toolbar">
      <ul class="chips">{tags.map((tag) => <li><span class="ids">{tag}</span>
        <button class="quiet small" aria-label={t('remove', {name: tag})} onClick={() => set({tags: tags.filter((x) => x !== tag).join(',')})}>×</button></li>)}</ul>
      <Picker tags={tags} onAdd={(name) => set({tags: [...tags.filter((x) => x !== name), name].join(',')})} />
    </div>
    <div class="toolbar">
      <Spans hours={hours} onHours={(h) => set({hours: String(h)})} />
      <button onClick={() => move(-0.5)} aria-label={t('earlier')}>‹</button>
      <button onClick={() => move(0.5)} aria-label={t('later')} disabled={!until}>›</button>
      <button onClick={() => zoom(0.5)} aria-label={t('zoom.in')}>+</button>
      <button onClick={() => zoom(2)} aria-label={t('zoom.out')}>−</button>
      <button aria-pressed={!until} onClick={() => set({to: null})}>{t('live')}</button>
      <span class="num muted">{shortStamp(from)} – {shortStamp(to)} {store.me.zone}</span>
      <span class="spring" />
      {tags.length > 0 && <a class="button" href={`/api/v1/history.csv?${asked}`} download="history.csv">CSV</a>}
      <button onClick={() => navigator.clipboard?.writeText(location.href).then(() => setCopied(true), () => {})}>{t(copied ? 'copied' : 'copy.link')}</button>
    </div>
    {tags.length === 0 && <Empty>{t('history.pick')}</Empty>}
    {error !== null && <Failed error={error} again={again} />}
    {!value && loading && tags.length > 0 && <Loading what={t('loading.history')} />}
    {value?.tags.map((tag) => <Chart key={tag.name} tag={tag} events={value.events} sync="history" span={[value.from / 1e6, value.to / 1e6]}
      onZoom={(a, b) => set({hours: String(Math.max(leastUs, b - a) / hourUs), to: String(Math.round(b))})} />)}
    {value && value.events.length > 0 && <section class="card"><h2>{t('events')}</h2><ul class="events">{value.events.slice(-50).reverse().map((e) =>
      <li><span class="num">{stamp(e.time_us)}</span> {e.kind} <span class="ids">{e.subject}</span> {e.text}</li>)}</ul></section>}
  </div>;
}
