// note_dialog.tsx - what the person at the machine says: why it stopped, how many were scrapped.
import {ask} from '../api';
import {t} from '../i18n';
import {Dialog} from '../parts/dialog';
import {useSendOnce} from '../parts/send_once';
import {store} from '../store';
import {useState} from 'preact/hooks';

export function NoteDialog({station, kind, onClose}:
    {station: number; kind: 'reason' | 'scrap'; onClose: () => void}) {
  const plan = store.plant.stations[station]!;
  const reasons = store.plant.reasons[plan.name] ?? [];
  const [machine, setMachine] = useState(plan.machines[0]?.name ?? '');
  const [reason, setReason] = useState(reasons[0] ?? 'other');
  const [scrap, setScrap] = useState('1');
  const [text, setText] = useState('');
  const {busy, error, sendOnce} = useSendOnce();
  const number = Number(scrap);
  const bad = kind === 'scrap' && !(Number.isInteger(number) && number >= 1 && number <= 100000);
  const send = (e: Event) => {
    e.preventDefault();
    if (bad) return;
    void sendOnce(async () => {
      await ask('notes', 'POST', {machine, text, ...(kind === 'reason' ? {reason} : {scrap: number})});
      onClose();
    });
  };
  return <Dialog title={t(kind === 'reason' ? 'note.reason' : 'note.scrap', {station: plan.name})} onClose={onClose}>
    <form onSubmit={send}>
      <label>{t('machine')}
        <select data-first value={machine} onChange={(e) => setMachine(e.currentTarget.value)}>
          {plan.machines.map((m) => <option>{m.name}</option>)}</select></label>
      {kind === 'reason'
        ? <label>{t('note.reason.which')}
          <select value={reason} onChange={(e) => setReason(e.currentTarget.value)}>
            {reasons.map((r) => <option>{r}</option>)}<option value="other">{t('note.other')}</option></select></label>
        : <label>{t('note.scrap.count')}
          <input type="number" min="1" max="100000" value={scrap} onInput={(e) => setScrap(e.currentTarget.value)} /></label>}
      <label>{t('note.text')}
        <input maxLength={200} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
      {bad && <p class="problem">{t('note.scrap.bad')}</p>}
      {error && <p class="problem" role="alert">{error}</p>}
      <div class="buttons">
        <button type="button" onClick={onClose}>{t('cancel')}</button>
        <button type="submit" class="primary" disabled={busy || bad || store.offline}>{t('note.send')}</button>
      </div>
    </form>
  </Dialog>;
}
