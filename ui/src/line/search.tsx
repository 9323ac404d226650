// search.tsx - finds a station by a part of its name ("/").
import {t} from '../i18n';
import {store} from '../store';
import {useState} from 'preact/hooks';

export function Search({onFind}: {onFind: (s: number) => void}) {
  const [asked, ask] = useState(false);  // names are listed for who looks for one
  return <form class="search" role="search" onSubmit={(e) => {
    e.preventDefault();
    const text = (e.currentTarget.elements[0] as HTMLInputElement).value.toLowerCase();
    const found = store.plant.stations.findIndex((s) => s.name.toLowerCase().includes(text));
    if (text && found >= 0) onFind(found);
  }}>
    <input type="search" data-search aria-label={t('search.station')} placeholder={t('search.station')} list="stations"
      onFocus={() => ask(true)} />
    <datalist id="stations">{asked && store.plant.stations.map((s) => <option value={s.name} />)}</datalist>
  </form>;
}
