// list.tsx - the models of the plant file: who serves, how well, what a person should look at.
import {num, percent} from '../format';
import {t, word} from '../i18n';
import {hrefOf} from '../route';
import type {Model, Shadow} from './types';

export const version = (number: number): string => `v${number}`;

export const shadowOf = (model: Model): Shadow | null => typeof model.shadow === 'object' ? model.shadow : null;
export const shadowVersion = (model: Model): number | null => typeof model.shadow === 'number' ? model.shadow : model.shadow?.version ?? null;

// Who serves, and who runs in the shadow.
export const servesOf = (m: Model): string => [m.serving === null ? t('model.serves.none') : t('model.serves', {version: version(m.serving)}),
  shadowVersion(m) !== null && t('model.shadow', {version: version(shadowVersion(m)!)})].filter(Boolean).join(' · ');

// A monitor tells how unlike good operation a unit is; nothing says what would have been right.
export const isMonitor = (m: Model): boolean => m.label.kind === 'none';

// What a model says, as people say it: the name of a class, a probability, a number.
export function saidOf(m: Model, value: number | null): string {
  if (value === null || (m.objective !== 'classes' && m.objective !== 'binary')) return num(value);
  return Number.isInteger(value) && m.classes?.[value] || (m.objective === 'classes' ? num(value) : percent(value, 1));
}

// What is not as it should be, in words; a model of which all is well has none.
export function flagsOf(model: Model): string[] {
  const alarms = model.live.filter((l) => l.alarm).length, unusual = model.live.filter((l) => l.unusual && !isMonitor(model)).length, silent = model.live.filter((l) => l.state === 'silent').length;
  return [
    model.refused && t('model.refused', {version: version(model.refused.version)}),
    alarms > 0 && t('model.n.alarms', {n: alarms}),
    unusual > 0 && t('model.n.unusual', {n: unusual}),
    silent > 0 && t('model.n.silent', {n: silent}),
    model.speed?.slow && t('model.slow'),
    model.drift?.state === 'drift' && t('drift.drift'),
    model.training?.offer && t('model.offer', {version: version(model.training.offer.version)}),
  ].filter((text): text is string => !!text);
}

export const Flags = ({of}: {of: Model}) => <>{flagsOf(of).map((text) => <span class="flag">{text}</span>)}</>;

export function coverageOf(model: Model): string {
  const s = model.score;
  if (isMonitor(model)) return t('model.watches');
  return s.coverage === null ? t('model.unscored')
    : t('model.coverage', {share: percent(s.coverage), n: Math.min(s.scored, s.window), wanted: percent(s.interval)});
}

export function List({models, selected}: {models: Model[]; selected: string}) {
  return <ul class="inbox model-list">{models.map((m) => <li key={m.name}>
    <a href={hrefOf('models', m.name)} aria-current={m.name === selected ? 'true' : undefined}>
      <span class="inbox-head"><strong class="ids">{m.name}</strong><span class="muted">{word('what', m.what)}</span></span>
      <span>{servesOf(m)}</span>
      <span class="muted">{coverageOf(m)}</span>
      <span class="flags"><Flags of={m} /></span>
    </a></li>)}</ul>;
}
