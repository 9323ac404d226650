// timeline.tsx - the states of each machine since the page was opened: colour, pattern and edge.
import {clock, duration} from '../format';
import {t} from '../i18n';
import {stateWord} from '../parts/glyph';
import {stateNames} from '../state';
import {store, useStore} from '../store';
import {barsOf, shares, type Bar} from './bars';

export function Strip({bars, from, to, width, height = 14}:
    {bars: Bar[]; from: number; to: number; width: number; height?: number}) {
  const x = (us: number) => (us - from) / Math.max(1, to - from) * width;
  return <svg class="strip" width={width} height={height} aria-hidden="true">
    {bars.map((b) => <rect class={`bar st-${stateNames[b.code]}`} x={x(b.from).toFixed(1)} y="1"
      width={Math.max(0.5, x(b.to) - x(b.from) - 1).toFixed(1)} height={height - 2}
      fill={`url(#pat-${stateNames[b.code]})`} />)}
  </svg>;
}

const rowsMost = 24, spanUs = 2 * 3600e6;

export function Timeline({width}: {width: number}) {
  useStore('second');
  const {plant, segments, machineAt} = store;
  const to = store.lineNow;
  const first = Math.min(...segments.map((list) => list[0]?.from ?? to));
  const from = Math.max(to - spanUs, Math.min(first, to - 60e6));
  if (machineAt[plant.stations.length]! > rowsMost || width < 300) return null;
  const room = width - 130;
  return <section class="timeline card">
    <h2>{t('timeline', {from: clock(from), span: duration((to - from) / 1e6)})}</h2>
    {plant.stations.map((station, s) => station.machines.map((machine, m) => {
      const bars = barsOf(segments[machineAt[s]! + m]!, from, to);
      const said = shares(bars).slice(0, 3).map(([c, v]) => `${stateWord(c)} ${Math.round(v * 100)} %`);
      return <div class="strip-row" role="img" aria-label={`${machine.name}: ${said.join(', ')}`}>
        <span class="strip-name">{machine.name}</span><Strip bars={bars} from={from} to={to} width={room} />
      </div>;
    }))}
    <Legend />
  </section>;
}

export function Legend() {
  return <ul class="legend">{stateNames.map((name, code) => <li>
    <svg width="22" height="12" aria-hidden="true"><rect class={`bar st-${name}`} x=".5" y=".5" width="21" height="11"
      fill={`url(#pat-${name})`} /></svg> {stateWord(code)}</li>)}</ul>;
}
