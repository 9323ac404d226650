// acts.tsx - what the pool did in the last hour: who gave back what to whom, and why.
import {ask} from '../api';
import {ago, clock} from '../format';
import {currentLang, t} from '../i18n';
import {Failed, useAsk} from '../parts/notice';
import {useRoute} from '../route';
import {useStore} from '../store';
import {poolStore} from './pool_store';
import type {Act} from './types';
import {useState} from 'preact/hooks';

const hour_us = 3600e6, first = 30;
const below = (path: string | undefined, account: string) => path === account || !!path?.startsWith(`${account}.`);

export function Acts() {
  useStore('acts', 'second');
  const {query} = useRoute(), account = query.get('account') ?? '';
  const [which, setWhich] = useState<'reclaim' | 'failures' | 'all'>('reclaim');
  const [shown, setShown] = useState(first);
  const {error, again} = useAsk(async () => {
    const got = await ask<{acts: Act[]; more: boolean}>('pool/acts?limit=500');
    poolStore.putActs(got.acts);
    return got;
  }, [poolStore.pool?.since_us]);
  const kinds = {reclaim: ['reclaim'], failures: ['broken', 'back', 'drain', 'undrain', 'fail', 'lost'], all: null}[which];
  const acts = poolStore.acts.filter((a) => a.at_us > poolStore.now - hour_us && (!kinds || kinds.includes(a.kind))
    && (!account || below(a.account, account) || below(a.to_account, account)));
  return <section class="card acts">
    <div class="toolbar"><h2>{t('acts')}</h2>
      <div class="tabs" role="group" aria-label={t('acts.which')}>{(['reclaim', 'failures', 'all'] as const).map((w) =>
        <button aria-pressed={w === which} onClick={() => (setWhich(w), setShown(first))}>{t(`acts.${w}`)}</button>)}</div>
      {account && <span class="ids">{t('only.account', {name: account})}</span>}</div>
    {error !== null && <Failed error={error} again={again} />}
    {acts.length === 0 && error === null && <p class="muted">{t(`acts.none.${which}`)}</p>}
    <ul class="act-list">{acts.slice(0, shown).map((a) => <li key={a.seq}><span class="num muted" title={ago(a.at_us, poolStore.now)}>{clock(a.at_us)}</span>
      <span class="ids">{currentLang() === 'ko' ? a.text_ko : a.text}{a.who && <span class="muted"> {t('by', {who: a.who})}</span>}</span></li>)}</ul>
    {acts.length > shown && <button class="quiet" onClick={() => setShown(shown + 100)}>{t('more', {n: acts.length - shown})}</button>}
  </section>;
}
