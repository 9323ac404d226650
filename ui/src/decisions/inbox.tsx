// inbox.tsx - the list of rows: those that wait for a person first.
import {t, word} from '../i18n';
import {GainText, Whisker, scaleOf} from '../parts/interval';
import {Empty} from '../parts/notice';
import {hrefOf} from '../route';
import {store} from '../store';
import type {Row, RowState} from '../types';
import {leftOf, stateOf, titleOf} from './title';

export const folders: Record<string, readonly RowState[]> = {
  open: ['open', 'held'],
  sent: ['approved', 'sent', 'done'],
  refused: ['rejected', 'refused', 'denied', 'expired', 'lost', 'late'],
  shown: ['advised', 'watched', 'kept'],
};

export function folderOf(row: Row): string {
  return Object.keys(folders).find((name) => folders[name]!.includes(row.state)) ?? 'shown';
}

export function inFolder(rows: Iterable<Row>, folder: string, text: string, sort: string): Row[] {
  const wanted = text.toLowerCase();
  const found = [...rows].filter((row) => (folder === 'all' || folderOf(row) === folder) &&
    (!wanted || `${row.id} ${row.title} ${row.title_ko ?? ''} ${row.point} ${row.subject}`.toLowerCase().includes(wanted)));
  return found.sort(sort === 'gain' ? (a, b) => (b.claim?.gain ?? -Infinity) - (a.claim?.gain ?? -Infinity)
    : (a, b) => b.time_us - a.time_us);
}

// The line's own rule against itself gains nothing, and nothing is to be said of it.
const isTold = (c: Row['claim']): c is NonNullable<Row['claim']> => !!c && (c.gain !== 0 || c.low !== c.high);

export function Inbox({rows, selected, folder}: {rows: Row[]; selected: string; folder: string}) {
  if (rows.length === 0) {
    const last = [...store.rows.values()].sort((a, b) => b.time_us - a.time_us)[0];
    return <Empty>{folder === 'open' ? t('inbox.empty') : t('inbox.none')}
      {last && <> {t('inbox.last', {time: leftOf({...last, expires_us: null}, 0), state: stateOf(last)})}</>}</Empty>;
  }
  const scale = scaleOf(rows.slice(0, 50).map((r) => r.claim));
  return <ul class="inbox">{rows.slice(0, 50).map((row) => <li key={row.id}>
    <a href={hrefOf('decisions', row.id)} aria-current={row.id === selected ? 'true' : undefined} class={row.state === 'open' ? 'unseen' : ''}>
      <span class="inbox-head"><strong>{word('kind', row.kind)} · <span class="ids">{row.subject}</span></strong>
        <span class="num muted">{row.state === 'open' ? '' : `${stateOf(row)} · `}{leftOf(row, store.lineNow)}</span></span>
      <span class="inbox-title">{titleOf(row)}</span>
      {isTold(row.claim) && <span class="inbox-gain"><Whisker gain={row.claim} scale={scale} width={120} />
        <GainText gain={row.claim} unit={row.unit} level={row.claim.level} futures={row.claim.futures || undefined} /></span>}
    </a></li>)}</ul>;
}
