// seen.tsx - an alarm that a person has seen: who was first, or the question that says so.
import {ask} from '../api';
import {shortStamp} from '../format';
import {t} from '../i18n';
import {Choice, Dialog} from '../parts/dialog';
import {lacks} from '../parts/rights';
import {useSendOnce} from '../parts/send_once';
import {useStore} from '../store';
import type {Alarm, Live, Model} from './types';
import {useRef, useState} from 'preact/hooks';

function Ask({model, unit, alarm, onClose, onDone}: {model: string; unit: string; alarm: Alarm | null | undefined; onClose: () => void; onDone: () => void}) {
  useStore('link');
  const seen = useRef(alarm);  // the one that was looked at
  const {busy, error, sendOnce} = useSendOnce();
  const [text, setText] = useState('');
  const changed = alarm?.since_us !== seen.current?.since_us ? t('model.seen.changed') : alarm?.acknowledged ? t('model.seen.already') : '';
  const send = () => sendOnce(async () => {
    await ask(`models/${encodeURIComponent(model)}/acknowledge`, 'POST', {unit, since_us: seen.current!.since_us, ...(text.trim() ? {text: text.trim()} : {})});
    onDone();
    onClose();
  }, onDone);
  return <Dialog title={t('model.seen.title', {unit})} onClose={onClose}>
    <p>{t('model.seen.ask')}</p>
    <label>{t('note.text')}
      <input maxLength={150} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
    <Choice changed={changed} why={lacks('operator')} error={error} busy={busy}
      button={t('model.seen.button')} mark={{'data-send': 'acknowledge'}} onSend={send} onClose={onClose} />
  </Dialog>;
}

export function Seen({model, of: l, onDone}: {model: Model; of: Live; onDone: () => void}) {
  const [open, setOpen] = useState(false);
  const by = l.alarm?.acknowledged, right = lacks('operator');
  return <>
    {by ? <p class="muted">{t('model.seen.by', {who: by.by, time: shortStamp(by.time_us)})}{by.text && `: ${by.text}`}</p>
      : l.alarm && <div class="buttons"><button data-deed="acknowledge" disabled={!!right} title={right} onClick={() => setOpen(true)}>{t('model.seen.open')}</button>
        {right && <span class="muted">{right}</span>}</div>}
    {open && <Ask model={model.name} unit={l.unit} alarm={l.alarm} onClose={() => setOpen(false)} onDone={onDone} />}
  </>;
}
