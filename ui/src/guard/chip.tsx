// chip.tsx - the guard in one word, in the bar: grey while all is well; a press opens the panel.
import {t} from '../i18n';
import {isWall} from '../route';
import {useStore} from '../store';
import {condition, hasGuard, standing} from './standing';

export function GuardChip({open, onPress}: {open: boolean; onPress: () => void}) {
  useStore('guard', 'link', 'page', 'second');
  if (!hasGuard()) return null;
  const now = condition(), n = standing().filter((s) => s.kind === 'bypass').length;
  const said = <>{t('guarding')}: <strong>{t(`armed.${now}`, {n})}</strong></>;
  if (isWall()) return <span class={`guard-chip gc-${now}`}>{said}</span>;
  return <button class={`guard-chip gc-${now}`} aria-expanded={open} onClick={onPress}>{said}</button>;
}
