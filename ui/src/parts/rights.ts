// rights.ts - why the person at the page may not do something now; '' when nothing is in the way.
import {t} from '../i18n';
import {store} from '../store';

export function lacks(role: 'operator' | 'engineer'): string {
  if (store.offline) return t('right.offline');
  const may = store.me.role === 'engineer' || (role === 'operator' && store.me.role === 'operator');
  return may ? '' : t(role === 'engineer' ? 'right.engineer.deed' : 'right.operator');
}
