// deed_dialog.tsx - the question before a deed. As with a review, the focus is on Cancel, two clicks
// are one, nothing is kept to be sent later, and what stands is said only after the guard's answer.
import {ask} from '../api';
import {duration} from '../format';
import {t} from '../i18n';
import {Choice, Dialog} from '../parts/dialog';
import {useSendOnce} from '../parts/send_once';
import {store, useStore} from '../store';
import type {Standing} from '../types';
import {entriesOf, find, guarding, guardName, lookAgain, putStands, sending, sentenceOf, standing, whyNot, type Deed} from './standing';
import {useRef, useState} from 'preact/hooks';

const spans_s = [600, 1800, 3600, 7200, 14400, 28800];
let name = '';  // who it is, for the record; as said last

// What the deed is about, as it stands: when it changes, the person has seen something else.
function standsOf(deed: Deed): Standing | undefined {
  const all = standing();
  switch (deed.name) {
    case 'hold': case 'lift': return find('hold', deed.what ?? '');
    case 're-arm': return find('interlock', deed.what ?? '') ?? find('foreign', deed.what ?? '');
    case 'bypass': case 'end-bypass': return all.find((s) => s.kind === 'bypass' && s.guard === deed.guard);
    case 'reset': return all.find((s) => s.kind === 'trips');
    case 'revoke': case 'entry': return undefined;
  }
}

const seenOf = (deed: Deed): string => JSON.stringify(standsOf(deed) ?? null);

// Who has approved something of late.
const approvers = (): string[] =>
  [...new Set([...store.rows.values()].flatMap((row) => row.approvals.map((a) => a.who)))].sort();

export function DeedDialog({deed: asked, onClose}: {deed: Deed; onClose: () => void}) {
  useStore('link', 'guard');
  const points = sending();
  const free = ['', ...points.map((p) => p.name)].filter((p) => !find('hold', p));
  const can = guarding.numbers.filter((g) => g.can_bypass);
  const [deed, setDeed] = useState<Deed>(() => ({...asked,
    ...(asked.name === 'hold' && asked.what === undefined ? {what: free[0] ?? ''} : {}),
    ...(asked.name === 'bypass' && asked.guard === undefined ? {guard: can[0]?.guard ?? 0} : {}),
    ...(asked.name === 'entry' ? {what: entriesOf()[0] ?? ''} : {}),
    ...(asked.name === 'revoke' ? {what: asked.what ?? ''} : {})}));
  const seen = useRef(seenOf(deed));
  const {busy, error, sendOnce} = useSendOnce();
  const [reason, setReason] = useState('');
  const [span, setSpan] = useState(1800);
  const [who, setWho] = useState(name);
  const choose = (next: Partial<Deed>) => {
    const now = {...deed, ...next};
    seen.current = seenOf(now);
    setDeed(now);
  };
  const changed = !busy && seenOf(deed) !== seen.current, why = whyNot(deed);
  const lacks = deed.name === 'bypass' && !reason.trim() ? t('deed.bypass.lacks')
    : deed.name === 'revoke' && !deed.what?.trim() ? t('deed.revoke.lacks') : '';
  const send = () => sendOnce(async () => {
    name = who.trim();
    const by = name ? {who: name} : {};
    if (deed.name === 'entry') {
      await ask('entries', 'POST', {class: deed.what, ...(span < 0 ? {} : {put_off_s: span}), ...by});
      return onClose();
    }
    const {stands} = await ask<{stands: Standing[]}>(`guard/${deed.name}`, 'POST', {
      ...(deed.what !== undefined ? {what: deed.what.trim()} : {}), ...(deed.guard !== undefined ? {guard: deed.guard} : {}),
      ...(deed.name === 'bypass' ? {reason: reason.trim(), for_s: span} : {}), ...by});
    putStands(stands);
    onClose();
  }, lookAgain);
  const about = standsOf(deed);
  return <Dialog title={t(`deed.${deed.name}`)} onClose={onClose}>
    {about ? <p class="ids">{sentenceOf(about)}{about.who && ` · ${t('by', {who: about.who})}`}</p>
      : asked.what ? <p class="ids">{asked.what}</p> : null}
    {deed.name === 'hold' && asked.what === undefined && <label>{t('deed.hold.what')}
      <select value={deed.what} onChange={(e) => choose({what: e.currentTarget.value})}>
        {free.map((p) => <option value={p}>{p === '' ? t('deed.everything') : p}</option>)}</select></label>}
    {deed.name === 'entry' && <label>{t('deed.hold.what')}
      <select value={deed.what} onChange={(e) => choose({what: e.currentTarget.value})}>
        {entriesOf().map((c) => <option value={c}>{c}</option>)}</select>
      <select value={span} aria-label={t('deed.bypass.for')} onChange={(e) => setSpan(Number(e.currentTarget.value))}>
        {[-1, 0, ...spans_s].map((s) => <option value={s}>{s < 0 ? t('entry.one') : s ? t('entry.off', {time: duration(s)}) : t('entry.all')}</option>)}
      </select></label>}
    {deed.name === 'bypass' && <>
      <label>{t('guarding')}
        <select value={deed.guard} onChange={(e) => choose({guard: Number(e.currentTarget.value)})}>
          {can.map((g) => <option value={g.guard}>{g.guard} {guardName(g.guard)}</option>)}</select></label>
      <label>{t('deed.bypass.for')}
        <select value={span} onChange={(e) => setSpan(Number(e.currentTarget.value))}>
          {spans_s.map((s) => <option value={s}>{duration(s)}</option>)}</select></label>
      <label>{t('deed.bypass.reason')}
        <input maxLength={119} value={reason} required onInput={(e) => setReason(e.currentTarget.value)} /></label></>}
    {deed.name === 'revoke' && <label>{t('deed.revoke.who')}
      <input list="approvers" maxLength={63} value={deed.what} required onInput={(e) => choose({what: e.currentTarget.value})} />
      <datalist id="approvers">{approvers().map((a) => <option value={a} />)}</datalist></label>}
    <p>{t(`deed.${deed.name}.ask`)}</p>
    <label>{t('deed.who')}
      <input maxLength={20} value={who} autocomplete="off" onInput={(e) => setWho(e.currentTarget.value)} /></label>
    {lacks && <p class="muted">{lacks}</p>}
    <Choice changed={changed ? t('deed.changed') : ''} why={why} error={error} off={!!lacks} busy={busy}
      button={t(`deed.${deed.name}.button`)} mark={{'data-send': deed.name}} onSend={send} onClose={onClose} />
  </Dialog>;
}
