// line_view.tsx - the first screen: the plant as it is now.
import {t} from '../i18n';
import {Drawer} from '../line/drawer';
import {Drawing, useRoom} from '../line/drawing';
import {KpiBar} from '../line/kpi_bar';
import {Lines} from '../line/lines';
import {List} from '../line/list';
import {Search} from '../line/search';
import {Legend, Timeline} from '../line/timeline';
import {Loading} from '../parts/notice';
import {go, isWall, useRoute} from '../route';
import {useStore} from '../store';

export function LineView() {
  const store = useStore('page');
  const {item} = useRoute();
  const [ref, width, top] = useRoom();
  const selected = store.plant.stations.findIndex((s) => s.name === item);
  const select = (s: number) => go('line', s === selected ? '' : store.plant.stations[s]!.name);
  const phone = width > 0 && width < 560;
  return <div class="view line-view">
    <h1 class="visually-hidden">{t('view.line')}</h1>
    <KpiBar />
    <Lines />
    <div class="columns">
      <div class="main-column">
        {!isWall() && !phone && <Search onFind={(s) => s !== selected && select(s)} />}
        <div ref={ref} class="drawing-box">
          {!store.known && <Loading what={t('loading.state')} />}
          {store.known && width > 0 && (phone ? <List onSelect={select} />
            : <Drawing width={width} top={top} scale={isWall() ? 1.5 : 1} selected={selected} onSelect={select} />)}
        </div>
        {store.known && !phone && !isWall() && <Timeline width={width - 34} />}
        {isWall() && <Legend />}
      </div>
      {selected >= 0 && !isWall() && <Drawer station={selected} onClose={() => go('line')} />}
    </div>
  </div>;
}
