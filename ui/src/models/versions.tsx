// versions.tsx - the versions of a model, newest first, each with its gates: what was measured
// against what is allowed.
import {count, decimals, num, percent, shortStamp} from '../format';
import {t, word} from '../i18n';
import {lacks} from '../parts/rights';
import {LimitBar} from './bar';
import type {Deed} from './deeds';
import {version} from './list';
import type {Gate, ModelDetail} from './types';

const atLeast = new Set(['gain', 'coverage']);

const figureOf = (name: string, value: number | null): string => value === null ? '–'
  : name === 'latency' ? `${decimals(value, 0)}\u00a0µs` : percent(value, 1);

// Passed or not, as a shape and a word.
export const Mark = ({passed}: {passed: boolean}) => <span class={`gate-mark${passed ? '' : ' problem'}`}>
  <svg width="12" height="12" aria-hidden="true"><path d={passed ? 'M1 6l4 4l6-8' : 'M2 2l8 8M10 2l-8 8'} /></svg> {t(passed ? 'gate.passed' : 'gate.failed')}</span>;

export function Gates({of}: {of: Record<string, Gate>}) {
  return <ul class="gates">{Object.entries(of).map(([name, g]) => <li key={name}>
    <span class="gate-name">{word('gate', name)}</span>
    <LimitBar value={g.value} limit={g.limit} bad={!g.passed} />
    <span class="num">{figureOf(name, g.value)} <span class="muted">{t(name === 'coverage' && (g.limit ?? 1) < 0.5 ? 'gate.within' : atLeast.has(name) ? 'gate.least' : 'gate.most', {limit: figureOf(name, g.limit)})}</span></span>
    <Mark passed={g.passed} />
  </li>)}</ul>;
}

export function Versions({of: model, onDeed}: {of: ModelDetail; onDeed: (deed: Deed) => void}) {
  const of = model.versions, right = lacks('engineer');
  return <section class="card"><h2>{t('model.versions')}</h2>
    <ul class="versions">{of.map((v) => {
      const gates = Object.values(v.gates ?? {}), passed = gates.filter((g) => g.passed).length;
      return <li key={v.number}><details open={v.stage === 'challenger' || (v.stage === 'candidate' && v === of[0])}>
        <summary><strong>{version(v.number)}</strong> <span>{word('stage', v.stage)}</span>
          <span class={gates.length && passed < gates.length ? 'problem' : 'muted'}>{gates.length ? t('gates.n', {n: passed, of: gates.length}) : t('gates.unknown')}</span>
          <span class="num muted">{v.rmse !== null && t('model.rmse', {rmse: num(v.rmse), loss: word('loss', v.loss ?? 'squared error')})}</span></summary>
        {v.gates && <Gates of={v.gates} />}
        <p class="muted num">{[word('kind', v.kind), v.rows !== null && t('model.rows', {n: count(v.rows)}),
          v.from_us !== null && v.to_us !== null && `${shortStamp(v.from_us)} – ${shortStamp(v.to_us)}`,
          v.champion_rmse !== null && t('model.rmse.before', {rmse: num(v.champion_rmse)})].filter(Boolean).join(' · ')}</p>
        {v.stage !== 'champion' && <div class="buttons"><button disabled={!!right} title={right} onClick={() => onDeed({name: 'promote', version: v.number})}>{t('model.promote.open', {version: version(v.number)})}</button></div>}
      </details></li>;
    })}</ul>
    {of.length === 0 && <p class="muted">{t('model.versions.none')}</p>}
  </section>;
}
