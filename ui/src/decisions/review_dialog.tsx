// review_dialog.tsx - approve, reject or hold. Keys open it, they never do the act itself: the focus
// is on Cancel, and what happened is said only after the server's answer (T24).
import {ask} from '../api';
import {interval} from '../format';
import {t} from '../i18n';
import {Choice, Dialog} from '../parts/dialog';
import {unclear} from '../parts/interval';
import {useSendOnce} from '../parts/send_once';
import {store, useStore} from '../store';
import type {Row} from '../types';
import {titleOf} from './title';
import {useRef, useState} from 'preact/hooks';

export type Review = 'approve' | 'reject' | 'hold';

export function ReviewDialog({row, review, onClose}: {row: Row; review: Review; onClose: () => void}) {
  useStore('link', 'rows');
  const seen = useRef(row.version);  // of the row as the dialog was opened
  const {busy, error, sendOnce} = useSendOnce();
  const [text, setText] = useState('');
  const changed = store.rows.get(row.id)?.version !== seen.current;
  const send = () => sendOnce(async () => {
    store.putRow(await ask<Row>(`decisions/${encodeURIComponent(row.id)}/${review}`, 'POST',
      {version: seen.current, ...(text ? {text} : {})}));
    onClose();
  });
  return <Dialog title={t(`review.${review}`)} onClose={onClose}>
    <p>{titleOf(row)}</p>
    {row.claim && <p>{t('promised')}: <strong class="num">{interval(row.claim.gain, row.claim.low, row.claim.high, row.unit, row.claim.level)}</strong>,
      {' '}{t('n.futures', {n: row.claim.futures})}. {unclear(row.claim) && t('gain.unclear.long')}</p>}
    <p>{t(`review.${review}.ask`)}</p>
    <label>{t('note.text')}
      <input maxLength={150} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
    <Choice changed={changed ? t('review.changed') : ''} why={store.offline ? t('right.offline') : ''} error={error} busy={busy}
      button={t(`review.${review}.button`)} mark={{'data-review': review}} onSend={send} onClose={onClose} />
  </Dialog>;
}
