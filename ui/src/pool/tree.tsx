// tree.tsx - the accounts: what each was promised, uses, borrows, and may have at most.
import {ask} from '../api';
import {t} from '../i18n';
import {errorText} from '../parts/notice';
import {go, useRoute} from '../route';
import {useStore} from '../store';
import {amount, gpus} from './map';
import {poolStore} from './pool_store';
import type {Account} from './types';
import {useState} from 'preact/hooks';

const shownMost = 300, openedMost = 30;  // a small tree is open from the beginning

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);
const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('.')));
const depthOf = (path: string): number => path.split('.').length - 1;
const withPath = (path: string): URLSearchParams => new URLSearchParams(path ? {account: path} : {});

// Used, from the left: what the guarantee covers in grey, what is borrowed hatched; the box is the
// guarantee, the line the limit.
function Bar({of, most}: {of: Account; most: number}) {
  const w = 88, x = (n: number) => Math.round(Math.min(1, n / most) * (w - 4) * 10) / 10;
  const covered = of.used - of.borrowed;
  return <svg class="quota" width={w} height="16" viewBox={`0 0 ${w} 16`} aria-hidden="true">
    <path class="track" d={`M1 8H${w - 1}`} />
    <rect class="q-used" x="1" y="4" width={x(covered)} height="8" />
    <rect class="q-borrowed" x={1 + x(covered)} y="4" width={x(of.borrowed)} height="8" />
    {of.guarantee > 0 && <rect class="q-guarantee" x="1" y="1.5" width={x(of.guarantee)} height="13" />}
    {of.limit !== null && <path class="q-limit" d={`M${1 + x(of.limit)} 0V16`} />}
  </svg>;
}

// The lists of children, by parent; those the snapshot has not are asked for.
function useChildren() {
  const [asked, put] = useState<Record<string, {accounts: Account[]; next: string | null} | string>>({});
  const got = new Map<string, Account[]>();
  for (const a of poolStore.pool!.accounts) {
    const above = parentOf(a.path);
    got.set(above, [...got.get(above) ?? [], a]);
  }
  const fetch = async (path: string) => {
    const before = asked[path];
    const old = typeof before === 'object' ? before : {accounts: [], next: null};
    try {
      const more = await ask<{accounts: Account[]; next: string | null}>(`pool/accounts?below=${encodeURIComponent(path)}${old.next ? `&after=${encodeURIComponent(old.next)}` : ''}`);
      put((all) => ({...all, [path]: {accounts: [...old.accounts, ...more.accounts], next: more.next}}));
    } catch (error) {
      put((all) => ({...all, [path]: errorText(error)}));
    }
  };
  const of = (path: string) => {
    const here = asked[path];
    if (got.has(path)) return {list: got.get(path)!, next: null, error: ''};
    return typeof here === 'string' ? {list: [], next: null, error: here} : {list: here?.accounts ?? [], next: here?.next ?? null, error: ''};
  };
  return {of, fetch, has: (path: string) => got.has(path) || path in asked};
}

function Row({of, most, open, chosen, still, onToggle}: {of: Account; most: number; open: boolean; chosen: boolean; still: boolean; onToggle: () => void}) {
  const name = nameOf(of.path);
  return <tr aria-current={chosen ? 'true' : undefined}>
    <th scope="row" class={`depth${Math.min(6, depthOf(of.path))}`}>
      {still ? name : <>{of.children > 0 ? <button class="quiet small twist" aria-expanded={open} aria-label={t('account.below', {n: of.children, name})} onClick={onToggle}>{open ? '▾' : '▸'}</button>
        : <span class="twist" />}
      <button class="link ids" aria-pressed={chosen} title={of.path} onClick={() => go('pool', '', withPath(chosen ? '' : of.path), true)}>{name}</button></>}
      {(of.limit !== null || of.waiting > 0) && <span class="narrow muted num">{[of.limit !== null && `${t('limit')} ${gpus(of.limit)}`, of.waiting > 0 && `${t('waits')} ${of.waiting}`].filter(Boolean).join(' · ')}</span>}</th>
    <td class="bars"><Bar of={of} most={most} /></td>
    <td class="num right">{gpus(of.used)}</td>
    <td class="num right">{gpus(of.guarantee)}</td>
    <td class="num right">{of.borrowed > 0 ? <strong>+{gpus(of.borrowed)}</strong> : '–'}</td>
    <td class="num right wide">{of.limit === null ? <span title={t('limit.none')}>–</span> : gpus(of.limit)}</td>
    <td class="num right wide">{of.waiting > 0 ? <span title={t('waiting.for.n', {what: amount(of.waiting_gpus)})}>{of.waiting}</span> : '–'}</td>
  </tr>;
}

export function Tree({still = false}: {still?: boolean}) {
  useStore('pool');
  const {query} = useRoute(), chosen = query.get('account') ?? '';
  const [opened, setOpened] = useState<Set<string>>(() => new Set(poolStore.pool!.accounts.length > openedMost ? [] : poolStore.pool!.accounts.map((a) => a.path)));
  const [text, setText] = useState('');
  const {of, fetch, has} = useChildren();
  const toggle = (path: string) => {
    const now = new Set(opened);
    if (!now.delete(path)) {
      now.add(path);
      if (!has(path)) void fetch(path);
    }
    setOpened(now);
  };
  const rows: preact.ComponentChild[] = [];
  const walk = (path: string) => {
    const {list, next, error} = of(path);
    const most = Math.max(1, ...list.map((a) => Math.max(a.guarantee, a.used, Math.min(a.limit ?? 0, 2 * Math.max(a.guarantee, a.used)))));
    for (const a of list) {
      if (rows.length >= shownMost) return;
      const open = opened.has(a.path) || chosen.startsWith(`${a.path}.`);
      rows.push(<Row key={a.path} of={a} most={most} open={open && !still} chosen={a.path === chosen} still={still} onToggle={() => toggle(a.path)} />);
      if (a.children > 0 && open && !still) walk(a.path);
    }
    if (next) rows.push(<tr><td colSpan={7}><button class="quiet" onClick={() => void fetch(path)}>{t('more.accounts')}</button></td></tr>);
    if (error) rows.push(<tr><td colSpan={7} class="problem">{error}</td></tr>);
  };
  const found = text.trim() ? poolStore.pool!.accounts.filter((a) => a.path.toLowerCase().includes(text.trim().toLowerCase())) : null;
  if (found) for (const a of found.slice(0, shownMost))
    rows.push(<Row key={a.path} of={a} most={Math.max(1, a.guarantee, a.used, a.limit ?? 0)} open={false} chosen={a.path === chosen} still={still} onToggle={() => (setText(''), toggle(a.path))} />);
  else walk('');
  const total = found?.length ?? rows.length;
  return <section class="card accounts">
    <div class="toolbar"><h2>{t('accounts')}</h2><span class="spring" />
      {!still && <input type="search" data-search aria-label={t('accounts.search')} placeholder={t('accounts.search')} value={text} onInput={(e) => setText(e.currentTarget.value)} />}</div>
    <div class="scroller" tabIndex={still ? -1 : 0} role="group" aria-label={t('accounts')}><table>
      <thead><tr><th scope="col">{t('account')}</th><td class="bars" /><th scope="col" class="right">{t('used')}</th><th scope="col" class="right">{t('guarantee')}</th>
        <th scope="col" class="right">{t('borrowed')}</th><th scope="col" class="right wide">{t('limit')}</th><th scope="col" class="right wide">{t('waits')}</th></tr></thead>
      <tbody>{rows}</tbody></table></div>
    {total > shownMost || rows.length >= shownMost ? <p class="muted">{t('accounts.cut', {n: shownMost})}</p> : null}
    {rows.length === 0 && <p class="muted">{t('accounts.none')}</p>}
  </section>;
}
