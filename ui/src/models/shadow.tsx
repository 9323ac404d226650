// shadow.tsx - the challenger beside the champion on live data: evidence for and against it, on a
// scale of its logarithm, and what would be enough.
import {count, decimals, duration, num, percent} from '../format';
import {t, word} from '../i18n';
import {LimitBar} from './bar';
import {shadowOf, version} from './list';
import type {Model} from './types';

const most = 1e6;  // more says no more
const log = (evidence: number): number => Math.max(0, Math.log10(Math.min(most, evidence)));

export function ShadowCard({of: model}: {of: Model}) {
  const s = shadowOf(model);
  if (!s) return null;
  const row = (name: string, evidence: number) => <li><span>{name}</span>
    <LimitBar value={log(evidence)} limit={log(s.wanted)} bad={false} />
    <span class="num">{evidence > most && '> '}{num(Math.min(most, evidence))} <span class="muted">{t('gate.least', {limit: num(s.wanted)})}</span></span></li>;
  return <section class="card"><h2>{t('shadow', {version: version(s.version), champion: version(s.champion)})}</h2>
    <p><strong>{word('shadow', s.state)}</strong> · {t('shadow.span', {span: duration(s.span_us / 1e6), n: count(s.rows), worth: decimals(s.effective, 0)})}</p>
    <p class="num">{[s.gain !== null && t('shadow.gain', {share: percent(s.gain, 1)}),
      s.champion_rmse !== null && s.challenger_rmse !== null && t('shadow.rmse', {challenger: num(s.challenger_rmse), champion: num(s.champion_rmse)}),
      s.coverage !== null && t('shadow.coverage', {share: percent(s.coverage), wanted: percent(model.score.interval)})].filter(Boolean).join(' · ')}</p>
    <ul class="gates">{row(t('shadow.for'), s.evidence)}{row(t('shadow.against'), s.against)}</ul>
    <p class="muted">{t('shadow.note')}</p>
  </section>;
}
