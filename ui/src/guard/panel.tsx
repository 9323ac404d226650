// panel.tsx - the guard, close up: whether it is armed, what stands and since when, what it refused
// last and why, and what a person may do to it.
import {ago, duration, stamp} from '../format';
import {t, word, currentLang} from '../i18n';
import {onKeys} from '../keyboard';
import {hrefOf} from '../route';
import {useStore} from '../store';
import type {Standing} from '../types';
import {titleOf} from '../decisions/title';
import {DeedDialog} from './deed_dialog';
import {DeedButton, deedOf} from './deeds';
import {condition, entriesOf, guarding, guardName, keyOf, lastRefusal, sentenceOf, standing, wallNow, watchClosely, whyNot, type Deed} from './standing';
import {useEffect, useRef, useState} from 'preact/hooks';

function One({of, onDeed}: {of: Standing; onDeed: (deed: Deed) => void}) {
  const deed = deedOf(of), why = deed && whyNot(deed), now = wallNow();
  const facts = [of.who && t('by', {who: `${of.who} (${word('role', of.role)})`}),
    of.since_us > 0 && t('since', {time: ago(of.since_us, now)}),
    of.until_us > 0 && t('left', {time: duration(Math.max(0, Math.round((of.until_us - now) / 1e6)))})].filter(Boolean);
  return <li>
    <strong class="ids">{sentenceOf(of)}</strong>
    {facts.length > 0 && <span class="muted ids num" title={of.since_us > 0 ? stamp(of.since_us) : undefined}>{facts.join(' · ')}</span>}
    {of.reason && <span class="ids">{t('reason')}: {of.reason}</span>}
    {deed && <span class="buttons"><DeedButton deed={deed} onDeed={onDeed} />{why && <span class="muted">{why}</span>}</span>}
  </li>;
}

function Refusal() {
  const last = lastRefusal();
  if (!last) return <p class="muted">{t('refusal.none')}</p>;
  return <p class="ids">{t('refusal', {n: last.guard, name: guardName(last.guard)})}{last.reason && `: ${last.reason}`}
    {' '}<span class="muted num" title={stamp(last.at_us)}>{ago(last.at_us, wallNow())}</span>
    {' '}<a href={hrefOf('decisions', last.row.id)}>{titleOf(last.row)}</a></p>;
}

const deeds: Deed[] = [{name: 'hold'}, {name: 'bypass'}, {name: 'revoke'}, {name: 'entry'}];

export function GuardPanel({onClose}: {onClose: () => void}) {
  useStore('guard', 'link', 'rows', 'second', 'page');
  const [deed, setDeed] = useState<Deed | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
    watchClosely(true);
    return () => watchClosely(false);
  }, []);
  useEffect(() => onKeys({Escape: onClose}), []);
  const now = condition(), all = standing(), why = [...new Set(deeds.map(whyNot))].filter(Boolean);
  return <aside class="drawer guard-panel" aria-label={t('guarding')}>
    <div class="drawer-head"><h2 ref={heading} tabIndex={-1}>{t('guarding')}</h2>
      <button class="quiet" onClick={onClose}>{t('close')}</button></div>
    <p><strong class={`gc-${now}`}>{t(`armed.${now}`, {n: all.filter((s) => s.kind === 'bypass').length})}</strong>
      {' '}{t(`armed.${now}.long`)}</p>
    {guarding.error && <p class="problem" role="alert">{guarding.error}</p>}
    {all.length > 0 && <><h3>{t('stands')}</h3>
      <ul class="machines">{all.map((s) => <One key={keyOf(s)} of={s} onDeed={setDeed} />)}</ul></>}
    <h3>{t('refusal.last')}</h3>
    <Refusal />
    <div class="buttons">{deeds.map((d) => (d.name !== 'entry' || entriesOf()[0]) && <DeedButton deed={d} onDeed={setDeed} />)}</div>
    {why.map((text) => <p class="muted">{text}</p>)}
    <details><summary>{t('numbers', {n: guarding.numbers.length})}</summary>
      <ul>{guarding.numbers.map((g) => <li>{g.guard} {currentLang() === 'ko' ? g.name_ko : g.name}
        {all.some((s) => s.kind === 'bypass' && s.guard === g.guard) ? <strong class="gc-bypassed"> ({t('numbers.bypassed')})</strong>
          : g.can_bypass && <span class="muted"> ({t('numbers.can')})</span>}</li>)}</ul></details>
    {deed && <DeedDialog deed={deed} onClose={() => setDeed(null)} />}
  </aside>;
}
