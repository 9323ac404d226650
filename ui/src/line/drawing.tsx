// drawing.tsx - the plant in SVG, with a button over each station that says it in words.
//
// Made once for a plant and a width. The first frame has every station's button and words, and the
// shapes of those in the window; those below it get theirs in the next frames, as islands that are
// neither laid out nor painted while out of sight. After that each frame writes only the stations
// that changed into the elements it keeps (T23).
import {afterPaint} from '../frame';
import {t} from '../i18n';
import {isWall} from '../route';
import {store} from '../store';
import {layOut} from './layout';
import {Tiles} from './tile';
import {useLayoutEffect, useMemo, useRef, useState} from 'preact/hooks';

const atOnce = 40;  // shapes made in one frame once the window is full

export function Drawing({width, top, scale, selected, onSelect}:
    {width: number; top: number; scale: number; selected: number; onSelect: (s: number) => void}) {
  const plant = store.plant;
  const layout = useMemo(() => ({...layOut(plant.stations, width / scale), sight: (innerHeight - top) / scale}), [plant, width, scale]);
  const list = useRef<HTMLUListElement>(null);
  useLayoutEffect(() => {
    const maker = new Tiles(layout.tileWidth, scale);
    const tiles = layout.places.map((place, s) => maker.make(s, place));
    const inSight = (s: number) => layout.places[s]!.y < layout.sight;
    const below = tiles.filter((tile) => !inSight(tile.station));
    const all = () => tiles.forEach((tile) => maker.show(tile));
    const changed = () => {
      for (const tile of tiles) {
        if (!store.dirty[tile.station]) continue;
        store.dirty[tile.station] = 0;
        maker.show(tile);
      }
    };
    for (const tile of tiles) if (inSight(tile.station)) maker.draw(tile);
    store.dirty.fill(0);
    list.current!.replaceChildren(...tiles.map((tile) => tile.place));
    let ends = false;
    const more = () => {
      if (ends) return;
      for (const tile of below.splice(0, atOnce)) {
        tile.place.classList.add('island');
        maker.draw(tile);
      }
      if (below.length) afterPaint(more);
    };
    if (below.length) afterPaint(more);
    const stops = [store.listen(['state'], changed), store.listen(['kpi', 'link'], all),
      store.listen(['second'], () => store.offline && all()), () => (ends = true)];
    return () => stops.forEach((stop) => stop());
  }, [layout]);
  useLayoutEffect(() => {
    list.current!.querySelectorAll('.tile').forEach((tile, s) => tile.setAttribute('aria-expanded', String(s === selected)));
  }, [layout, selected]);
  const tiles = () => [...list.current!.querySelectorAll<HTMLElement>('.tile')];
  const indexOf = (e: Event) => tiles().indexOf((e.target as HTMLElement).closest<HTMLElement>('.tile')!);
  const press = (e: KeyboardEvent) => {
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[e.key], s = indexOf(e);
    if (!step || s < 0) return;
    e.preventDefault();
    tiles()[s + step]?.focus();
  };
  const click = (e: Event) => {
    const s = indexOf(e);
    if (s >= 0) onSelect(s);
  };
  return <div class="drawing">
    <svg aria-hidden="true" width={width} height={layout.height * scale} viewBox={`0 0 ${layout.width} ${layout.height}`}>
      <path class="edge" d={layout.edges} /><path class="arrow" d={layout.arrows} />
    </svg>
    <ul ref={list} aria-label={isWall() ? undefined : t('line.stations')} aria-hidden={isWall() ? 'true' : undefined}
      onClick={click} onKeyDown={press} />
  </div>;
}

// The width that there is, followed as it changes, and how far down the window it begins.
export function useRoom(): [preact.RefObject<HTMLDivElement | null>, number, number] {
  const ref = useRef<HTMLDivElement>(null), top = useRef(0);
  const [width, put] = useState(0);
  useLayoutEffect(() => {  // before the first frame, which would else be an empty one
    const look = new ResizeObserver(() => {
      top.current = ref.current?.getBoundingClientRect().top ?? 0;
      put(Math.floor(ref.current?.clientWidth ?? 0));
    });
    look.observe(ref.current!);
    top.current = ref.current!.getBoundingClientRect().top;
    put(Math.floor(ref.current!.clientWidth));
    return () => look.disconnect();
  }, []);
  return [ref, width, top.current];
}

