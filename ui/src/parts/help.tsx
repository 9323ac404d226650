// help.tsx - the sheet of keys ("?"), and the switch that turns them off.
import {t, type Key} from '../i18n';
import {keysOff, switchKeys} from '../keyboard';
import {Dialog} from './dialog';
import {useState} from 'preact/hooks';

const rows: [string, Key][] = [
  ['g l', 'view.line'], ['g d', 'view.decisions'], ['g h', 'view.history'], ['g t', 'view.twin'], ['g m', 'view.models'], ['g y', 'view.plant'], ['g p', 'view.pool'],
  ['g g', 'guarding'],
  ['/', 'keys.search'], ['j k', 'keys.next'], ['Enter', 'keys.open'], ['Esc', 'keys.back'], ['a r h', 'keys.review'],
  ['[ ]', 'keys.time'], ['.', 'keys.live'], ['+ -', 'keys.zoom'], ['← → ↑ ↓', 'keys.move'], ['t', 'keys.table'],
  ['w', 'keys.wall'], ['Shift+L', 'keys.lang'], ['?', 'keys.help'],
];

export function Help({onClose}: {onClose: () => void}) {
  const [off, setOff] = useState(keysOff());
  return <Dialog title={t('keys')} onClose={onClose}>
    <table class="keys"><tbody>{rows.map(([key, what]) => <tr><th scope="row">{key.split(' ').map((k) => <><kbd>{k}</kbd> </>)}</th><td>{t(what)}</td></tr>)}</tbody></table>
    <p class="muted">{t('keys.note')}</p>
    <label class="inline"><input type="checkbox" checked={!off} onChange={() => {
      switchKeys();
      setOff(keysOff());
    }} /> {t('keys.on')}</label>
    <div class="buttons"><button data-first onClick={onClose}>{t('close')}</button></div>
  </Dialog>;
}
