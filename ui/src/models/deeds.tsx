// deeds.tsx - what a person may do with a model: promote, roll back, train again. Each asks first, as
// a review does: the focus is on Cancel, two clicks are one, and it is refused when another version
// serves than was seen.
import {ask} from '../api';
import {shortStamp} from '../format';
import {currentLang, t, word} from '../i18n';
import {Choice, Dialog} from '../parts/dialog';
import {lacks} from '../parts/rights';
import {useSendOnce} from '../parts/send_once';
import {useStore} from '../store';
import {shadowOf, shadowVersion, version} from './list';
import type {ModelDetail} from './types';
import {useRef, useState} from 'preact/hooks';

export interface Deed {
  name: 'promote' | 'rollback' | 'retrain';
  version?: number;
}

// The newest training: what it waits for or what came of it.
function Training({of: m}: {of: ModelDetail}) {
  const tr = m.training;
  if (!tr) return null;
  return <p class="muted">{[`${t('training')}: ${word('training', tr.state)}`, tr.reason && word('training.reason', tr.reason),
    tr.last_us !== null && t('training.last', {time: shortStamp(tr.last_us)}), tr.version !== null && t('training.made', {version: version(tr.version)}),
    currentLang() === 'en' && tr.text].filter(Boolean).join(' · ')}</p>;
}

export function Deeds({of: m, onDeed}: {of: ModelDetail; onDeed: (deed: Deed) => void}) {
  const right = lacks('engineer'), next = m.training?.offer?.version ?? shadowVersion(m);
  const has = m.versions.some((v) => v.stage === 'retired');
  const button = (deed: Deed, text: string, primary = false, why = '') =>
    <button class={primary ? 'primary' : ''} data-deed={deed.name} disabled={!!(right || why)} title={right || why} onClick={() => onDeed(deed)}>{text}</button>;
  return <><Training of={m} />
    <div class="buttons">
      {next !== null && button({name: 'promote', version: next}, t('model.promote.open', {version: version(next)}), !!m.training?.offer)}
      {button({name: 'rollback'}, t('model.rollback.open'), false, has ? '' : t('model.rollback.none'))}
      {button({name: 'retrain'}, t('model.retrain.open'), false, m.training?.state === 'underway' ? t('training.underway') : '')}
      {right && <span class="muted">{right}</span>}
    </div></>;
}

export function DeedDialog({model: m, deed, onClose, onDone}: {model: ModelDetail; deed: Deed; onClose: () => void; onDone: () => void}) {
  useStore('link');
  const seen = useRef(m.champion);
  const {busy, error, sendOnce} = useSendOnce();
  const [text, setText] = useState('');
  const changed = m.champion !== seen.current, why = lacks('engineer');
  const passed = deed.version === shadowVersion(m) && (!shadowOf(m) || shadowOf(m)!.state === 'passed');
  const said = {version: version(deed.version ?? 0), champion: m.champion === null ? '–' : version(m.champion), name: m.name};
  const send = () => sendOnce(async () => {
    await ask(`models/${encodeURIComponent(m.name)}/${deed.name}`, 'POST',
      {...(deed.name === 'promote' ? {version: deed.version, anyway: !passed} : {}), ...(text.trim() ? {text: text.trim()} : {})});
    onDone();
    onClose();
  }, onDone);
  return <Dialog title={t(`model.${deed.name}`, said)} onClose={onClose}>
    <p>{t(`model.${deed.name}.ask`, said)}</p>
    {deed.name === 'promote' && !passed && <p class="problem">{t('model.promote.anyway')}</p>}
    <label>{t('note.text')}
      <input maxLength={150} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
    <Choice changed={changed ? t('model.changed') : ''} why={why} error={error} busy={busy}
      button={t(`model.${deed.name}.button`)} mark={{'data-send': deed.name}} onSend={send} onClose={onClose} />
  </Dialog>;
}
