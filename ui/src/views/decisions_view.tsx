// decisions_view.tsx - inbox at the left, one row open at the right, the account below.
import {ask} from '../api';
import {t} from '../i18n';
import {Detail} from '../decisions/detail';
import {Inbox, folderOf, folders, inFolder} from '../decisions/inbox';
import {Ledger} from '../decisions/ledger';
import {ReviewDialog, type Review} from '../decisions/review_dialog';
import {Empty} from '../parts/notice';
import {onKeys} from '../keyboard';
import {go, route, useRoute} from '../route';
import {store, useStore} from '../store';
import type {Row} from '../types';
import {useEffect, useRef, useState} from 'preact/hooks';

export function DecisionsView() {
  useStore('rows', 'second', 'link', 'page');
  const {item} = useRoute();
  const waiting = store.openRows().length;
  const acted = [...store.rows.values()].some((r) => folderOf(r) === 'sent');
  const [folder, setFolder] = useState(waiting > 0 || !store.rows.size ? 'open' : acted ? 'sent' : 'all');
  const kept = useRef('');  // what is read stays, however many new rows come
  const [text, setText] = useState('');
  const [sort, setSort] = useState('time');
  const [review, setReview] = useState<{row: Row; review: Review} | null>(null);
  const [older, setOlder] = useState<'more' | 'busy' | 'end'>('more');
  const rows = inFolder(store.rows.values(), folder, text, sort);
  const row = store.rows.get(item) ?? (item ? undefined : rows.find((r) => r.id === kept.current) ?? rows[0]);
  kept.current = row?.id ?? '';
  useEffect(() => {  // a link to a row that is not among the newest
    if (item && !store.rows.has(item)) void ask<Row>(`decisions/${encodeURIComponent(item)}`).then((r) => store.putRow(r), () => {});
  }, [item]);
  useEffect(() => {
    if (item && row && folder !== 'all' && folderOf(row) !== folder) setFolder('all');
  }, [item, row?.id]);
  // Keys may come faster than the view is drawn: they look where the page is now, not where it was.
  const open = () => route().item || kept.current;
  const act = (r: Review) => {
    const now = store.rows.get(open());
    if (now && (now.state === 'open' || now.state === 'held') && store.me.role !== 'viewer' && !store.offline) setReview({row: now, review: r});
  };
  const step = (by: number) => {
    const at = rows.findIndex((r) => r.id === open()), next = rows[Math.max(0, at + by)];
    if (next) go('decisions', next.id, undefined, true);
  };
  useEffect(() => onKeys({KeyA: () => act('approve'), KeyR: () => act('reject'), KeyH: () => act('hold'),
    KeyJ: () => step(1), KeyK: () => step(-1)}));
  const more = async () => {
    setOlder('busy');
    const last = Math.min(...[...store.rows.values()].map((r) => r.time_us));
    const got = await ask<{rows: Row[]}>(`decisions?limit=50&before_us=${last}`).catch(() => ({rows: []}));
    got.rows.forEach((r) => store.putRow(r));
    setOlder(got.rows.length ? 'more' : 'end');
  };
  return <div class="view decisions-view">
    <h1 class="visually-hidden">{t('view.decisions')}</h1>
    <div class="toolbar">
      <div class="tabs" role="group" aria-label={t('folder')}>{[...Object.keys(folders), 'all'].map((name) =>
        <button aria-pressed={folder === name} onClick={() => setFolder(name)}>{t(`folder.${name}` as 'folder.open')}
          {' '}<span class="num">{inFolder(store.rows.values(), name, '', 'time').length}</span></button>)}</div>
      <input type="search" data-search aria-label={t('search')} placeholder={t('search')} value={text} onInput={(e) => setText(e.currentTarget.value)} />
      <label class="inline">{t('sort')} <select value={sort} onChange={(e) => setSort(e.currentTarget.value)}>
        <option value="time">{t('sort.time')}</option><option value="gain">{t('sort.gain')}</option></select></label>
    </div>
    <div class="two">
      <div><Inbox rows={rows} selected={row?.id ?? ''} folder={folder} />
        {folder !== 'open' && older !== 'end' && store.rows.size > 0 && <button class="quiet" disabled={older === 'busy'} onClick={more}>{t('older')}</button>}</div>
      {row ? <Detail row={row} onReview={(r) => setReview({row, review: r})} /> : <Empty>{item ? t('row.unknown', {id: item}) : t('inbox.pick')}</Empty>}
    </div>
    <Ledger />
    {review && <ReviewDialog row={review.row} review={review.review} onClose={() => setReview(null)} />}
  </div>;
}
