// deeds.tsx - buttons of what a person may do to the guard, where they stand beside other things. The
// dialog behind them is fetched when it is first asked for.
import {t, word} from '../i18n';
import {Dialog} from '../parts/dialog';
import {Failed, Loading} from '../parts/notice';
import {useLate} from '../parts/late';
import {useStore} from '../store';
import type {Standing} from '../types';
import {guarding, sends, standing, whyNot, type Deed} from './standing';
import {useState} from 'preact/hooks';

// What undoes it.
export function deedOf(s: Standing): Deed | null {
  switch (s.kind) {
    case 'hold': return {name: 'lift', what: s.what, role: s.role};
    case 'bypass': return {name: 'end-bypass', guard: s.guard};
    case 'interlock': case 'foreign': return {name: 're-arm', what: s.what};
    case 'trips': return {name: 'reset'};
    case 'revoked': case 'lots': return null;
  }
}

export function DeedButton({deed, onDeed}: {deed: Deed; onDeed: (deed: Deed) => void}) {
  const why = whyNot(deed);
  return <button disabled={!!why} title={why} data-deed={deed.name} onClick={() => onDeed(deed)}>{t(`deed.${deed.name}.open`)}</button>;
}

export const loadCloseUp = () => import('./close_up');

function LateDeedDialog({deed, onClose}: {deed: Deed; onClose: () => void}) {
  const {it, error, again} = useLate(loadCloseUp, true);
  if (it) return <it.DeedDialog deed={deed} onClose={onClose} />;
  return <Dialog title={t(`deed.${deed.name}`)} onClose={onClose}>
    {error ? <Failed error={error} again={again} /> : <Loading what={t('loading.view')} />}
    <div class="buttons"><button data-first onClick={onClose}>{t('cancel')}</button></div>
  </Dialog>;
}

// For other drawers: the decision points of a station, each with its hold.
export function PointHolds({points}: {points: {name: string; mode: string}[]}) {
  useStore('guard', 'link', 'second');
  const [deed, setDeed] = useState<Deed | null>(null);
  return <ul class="machines">{points.map((p) => {
    const held = standing().find((s) => s.kind === 'hold' && s.what === p.name);
    return <li key={p.name}><span>{p.name}: {word('mode', p.mode)}</span>
      {held && <strong class="ids">{t('stands.held')} {t('by', {who: held.who})}</strong>}
      {sends(p) && guarding.stands && <span class="buttons"><DeedButton deed={held ? deedOf(held)! : {name: 'hold', what: p.name}} onDeed={setDeed} /></span>}
    </li>;
  })}
  {deed && <LateDeedDialog deed={deed} onClose={() => setDeed(null)} />}</ul>;
}
