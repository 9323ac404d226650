// list.tsx - the stations of a phone: a list, worst first, each a button.
import {t} from '../i18n';
import {Glyph} from '../parts/glyph';
import {severity} from '../state';
import {duration} from '../format';
import {store, useStore} from '../store';
import {isBottleneck, queueText, stateSummary, stationState} from './describe';

export function List({onSelect}: {onSelect: (s: number) => void}) {
  useStore('kpi', 'second', 'link');
  const grave = (s: number) => severity(stationState(store, s)) + (isBottleneck(store, s) ? 5 : 0);
  const order = store.plant.stations.map((_, s) => s).sort((a, b) => grave(b) - grave(a) || a - b);
  return <ul class="stations" aria-label={t('line.stations')}>{order.map((s) => <li key={s}>
    <button onClick={() => onSelect(s)}>
      <Glyph code={stationState(store, s)} />
      {isBottleneck(store, s) && <strong class="bn-mark">BN <span class="visually-hidden">{t('bottleneck')}</span></strong>}
      <strong class="name">{store.plant.stations[s]!.name}</strong>
      <span class="word">{stateSummary(store, s)}{store.offline && ` · ${duration(Math.round(store.age()))}`}</span>
      <span class="num"><span class="visually-hidden">{t('queue')} </span>{queueText(store, s)}</span>
      <span aria-hidden="true">›</span>
    </button></li>)}</ul>;
}
