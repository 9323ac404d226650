// shell.tsx - around every view: bar, banners, live region, keys.
import {announce} from './announce';
import {clock, duration, zoneNote} from './format';
import {addWords, currentLang, loadLang, t, type Lang} from './i18n';
import {onKeys} from './keyboard';
import {GuardChip} from './guard/chip';
import {loadCloseUp} from './guard/deeds';
import {hasGuard, watchGuard} from './guard/standing';
import {Help} from './parts/help';
import {Patterns} from './parts/glyph';
import {useLate} from './parts/late';
import {Failed, Loading} from './parts/notice';
import {choose, chosen, go, hrefOf, isWall, route, useRoute, views, type View} from './route';
import {store, useStore} from './store';
import {isDark, switchTheme} from './theme';
import {stateNames} from './state';
import {DecisionsView} from './views/decisions_view';
import {LineView} from './views/line_view';
import type {ComponentType} from 'preact';
import {useEffect, useReducer, useState} from 'preact/hooks';

// A pool's own view says how it stands with the pool.
function Banner() {
  useStore('link', 'second');
  if (!store.hasPlant) return null;
  if (store.connection === 'denied') return <div class="banner" role="alert">{t('banner.denied')}</div>;
  if (store.connection === 'offline') return <div class="banner" role="alert">{t('banner.offline', {time: clock(store.lineNow)})}</div>;
  if (store.connection === 'late') return <div class="banner mild" role="status">{t('banner.late', {age: duration(Math.round(store.age()))})}</div>;
  const lost = store.link?.sources.filter((s) => !s.connected).map((s) => s.name) ?? [];
  if (lost.length) return <div class="banner mild" role="status">{t('banner.source', {names: lost.join(', ')})}</div>;
  if (store.known && !store.inStep) return <div class="banner mild" role="status">{t('banner.step')}</div>;
  return null;
}

function Ribbon() {
  const {me, lines} = useStore('page', 'kpi');
  if (!me.emulated && !me.demo && !lines) return null;
  return <div class="ribbon">{me.demo?.speed ? t('ribbon.demo', {speed: me.demo.speed}) : t('ribbon.emulated')}</div>;
}

function Now() {
  useStore('link', 'second', 'state');
  const words = {connecting: t('connecting'), live: t('live'), late: t('late'), offline: t('offline'), denied: t('offline')};
  const [zone, setZone] = useState('');
  useEffect(() => setZone(zoneNote(store.me.zone)), [store.me.zone]);
  return <div class={`now ${store.connection}`}>
    <span>{words[store.connection]}</span> <span class="num clock">{clock(store.lineNow || (store.me.line_now_us ?? store.me.now_us))}{zone && ` ${zone}`}</span>
    {isWall() && <span class="num"> {t('age', {age: duration(Math.round(store.age()))})}</span>}
  </div>;
}

// What there is to see here.
function viewsHere(): View[] {
  return views.filter((v) => v === 'pool' ? !!store.me.pool : store.hasPlant);
}

export const titleHere = (): string => store.plant.name || store.me.pool || 'Lineshaft';

function Bar({view, guard, onGuard, onLang, onHelp}:
    {view: View; guard: boolean; onGuard: () => void; onLang: () => void; onHelp: () => void}) {
  useStore('rows', 'page');
  const [, again] = useReducer((n: number) => n + 1, 0);
  const open = store.openRows().length;
  return <div class="bar">
    <span class="plant-name">{titleHere()}</span>
    {!isWall() && <nav aria-label={t('views')}>{viewsHere().map((v) => <a href={hrefOf(v)} aria-current={v === view ? 'page' : undefined}>
      {t(`view.${v}`)}{v === 'decisions' && open > 0 && <span class="badge num">{open}</span>}</a>)}</nav>}
    <GuardChip open={guard} onPress={onGuard} />
    <Now />
    {!isWall() && <div class="bar-buttons">
      <button class="quiet" lang={currentLang() === 'ko' ? 'en' : 'ko'} onClick={onLang}>{currentLang() === 'ko' ? 'English' : '한국어'}</button>
      <button class="quiet" onClick={() => (switchTheme(), again(undefined as never))}>{t(isDark() ? 'theme.light' : 'theme.dark')}</button>
      <button class="quiet" aria-label={t('keys')} onClick={onHelp}>?</button>
    </div>}
  </div>;
}

// What is worth telling without being asked: down, a guard, a new proposal, a lost link.
function useAnnouncements(): void {
  useEffect(() => {
    const down = stateNames.indexOf('down');
    let before = new Set<number>(), waiting = new Set<string>(), ready = false, seen = 0;
    const look = () => {
      const now = new Set<number>(), rows = new Set(store.openRows().map((r) => r.id));
      store.plant.stations.forEach((s, i) => {
        for (let m = store.machineAt[i]!; m < store.machineAt[i + 1]!; m++) {
          if (store.state[m] !== down) continue;
          now.add(m);
          if (ready && !before.has(m)) announce(t('said.down', {name: s.machines[m - store.machineAt[i]!]!.name}));
        }
      });
      for (const id of rows) if (ready && !waiting.has(id)) announce(t('said.proposal', {title: store.rows.get(id)!.subject}));
      for (const notice of store.notices.slice(seen)) if (notice.level === 'alarm' || notice.kind === 'guard')
        announce((currentLang() === 'ko' && notice.text_ko) || notice.text);
      seen = store.notices.length;
      if (store.connection === 'offline' && ready) announce(t('said.offline'));
      before = now;
      waiting = rows;
      ready = store.known;
    };
    look();
    return store.listen(['state', 'rows', 'link', 'notices'], look);
  }, []);
}

function useWall(): void {
  useEffect(() => {
    document.documentElement.classList.toggle('wall', isWall());
    if (!isWall()) return;
    let step = 0;  // against burning in
    const timer = setInterval(() => (step = (step + 1) % 4, document.body.dataset.shift = String(step)), 600000);
    return () => clearInterval(timer);
  }, []);
}

// The guard's panel, and a place for it until it is there.
function LatePanel({onClose}: {onClose: () => void}) {
  const {it, error, again} = useLate(loadCloseUp, true);
  if (it) return <it.GuardPanel onClose={onClose} />;
  return <aside class="drawer guard-panel" aria-label={t('guarding')}>
    <div class="drawer-head"><h2>{t('guarding')}</h2><button class="quiet" onClick={onClose}>{t('close')}</button></div>
    {error ? <Failed error={error} again={again} /> : <Loading what={t('loading.view')} />}
  </aside>;
}

const loadViews = () => import('./views'), loadPool = () => import('./pool');
// The Models view has words of its own.
const loadModels = async () => {
  await addWords(async (lang) => (lang === 'ko' ? await import('./words/models_ko') : await import('./words/models_en')).default);
  return loadViews();
};

export function Shell({failed, retry}: {failed: unknown; retry: () => void}) {
  const {view: asked} = useRoute();
  const here = viewsHere(), known = here.includes(asked) ? asked : here[0] ?? 'line';
  const view: View = isWall() && known !== 'pool' ? 'line' : known;
  const [, again] = useReducer((n: number) => n + 1, 0);
  const [help, setHelp] = useState(false);
  const [guard, setGuard] = useState(chosen('guard') === '1');
  const {it: lazy, error: unloaded, again: load} = useLate(loadViews, ['history', 'twin', 'plant'].includes(view));
  const pool = useLate(loadPool, view === 'pool'), models = useLate(loadModels, view === 'models');
  const [lost, setLost] = useState<unknown>(null);
  const lang = async () => {
    const next: Lang = currentLang() === 'ko' ? 'en' : 'ko';
    try {
      await loadLang(next);
      choose('lang', next);
      again(undefined as never);
    } catch (e) {
      setLost(e);
    }
  };
  const showGuard = (on: boolean) => {
    choose('guard', on ? '1' : null);
    setGuard(on);
    if (!on) document.querySelector<HTMLElement>('.guard-chip')?.focus();
  };
  useAnnouncements();
  useEffect(watchGuard, []);
  useWall();
  useStore('link', 'page');
  useEffect(() => {
    document.title = `${t(`view.${view}`)} · ${titleHere()}`;
  });
  useEffect(() => onKeys({
    'Shift+KeyL': () => void lang(),
    'Shift+Slash': () => setHelp(true),
    Slash: () => document.querySelector<HTMLElement>('[data-search]')?.focus(),
    KeyW: () => (choose('wall', isWall() ? null : '1'), location.reload()),
    KeyT: () => document.querySelector<HTMLElement>('[data-table]')?.click(),
    'KeyG KeyG': () => hasGuard() && !isWall() && showGuard(true),
    KeyJ: () => move(1), KeyK: () => move(-1),
    Escape: () => route().item && go(view),
  }), [view]);
  const sheets: Record<View, ComponentType | undefined> = {line: LineView, decisions: DecisionsView,
    history: lazy?.HistoryView, twin: lazy?.TwinView, plant: lazy?.PlantView, models: models.it?.ModelsView, pool: pool.it?.PoolView};
  const Sheet = sheets[view];
  return <div class={`page${store.offline && store.known ? ' stale' : ''}`} key={currentLang()}>
    <a class="skip" href="#main" onClick={(e) => (e.preventDefault(), document.getElementById('main')?.focus())}>{t('skip')}</a>
    <header><Ribbon />
      <Bar view={view} guard={guard} onGuard={() => showGuard(!guard)} onLang={() => void lang()} onHelp={() => setHelp(true)} /></header>
    <Banner />
    <Patterns />
    <div class="frame">
    <main id="main" tabIndex={-1}>
      {failed !== null && failed !== undefined ? <Failed error={failed} again={retry} />
        : lost ? <Failed error={lost} />
        : (unloaded || pool.error || models.error) && !Sheet ? <Failed error={unloaded ?? pool.error ?? models.error} again={() => (load(), pool.again(), models.again())} />
        : store.hasPlant && !store.plant.stations.length ? <><h1 class="visually-hidden">Lineshaft</h1><Loading what={t('loading.plant')} /></>
        : Sheet ? <Sheet /> : <><h1 class="visually-hidden">{t(`view.${view}`)}</h1><Loading what={t('loading.view')} /></>}
    </main>
    {guard && !isWall() && hasGuard() && <LatePanel onClose={() => showGuard(false)} />}
    </div>
    <div id="said" class="visually-hidden" role="status" aria-live="polite" />
    {help && <Help onClose={() => setHelp(false)} />}
  </div>;
}

// j and k: next and previous of what can be pressed in the main part.
function move(by: number): void {
  const all = [...document.querySelectorAll<HTMLElement>('main .tile, main .stations button, main .inbox a, main .job-head')];
  const at = all.indexOf(document.activeElement as HTMLElement);
  (all[Math.min(all.length - 1, Math.max(0, at + by))] ?? all[0])?.focus();
}
