// pool_view.tsx - a pool of GPUs: who shares it, what runs where, who waits and why.
import {clock, duration, percent} from '../format';
import {t} from '../i18n';
import {Loading} from '../parts/notice';
import {useRoom} from '../line/drawing';
import {Acts} from '../pool/acts';
import {amount, gpus, RackList, RackMap} from '../pool/map';
import {Legend} from '../pool/gpu_mark';
import {poolStore} from '../pool/pool_store';
import {Queue} from '../pool/queue';
import {RackSheet} from '../pool/rack';
import {Tree} from '../pool/tree';
import {UsageChart} from '../pool/usage';
import {onKeys} from '../keyboard';
import {go, isWall, route, useRoute} from '../route';
import {store, useStore} from '../store';
import {useEffect, useState} from 'preact/hooks';

function Banner() {
  useStore('pool', 'second');
  const {connection} = poolStore;
  if (connection === 'denied') return <div class="banner" role="alert">{t('banner.denied')}</div>;
  if (connection === 'offline') return <div class="banner" role="alert">{t('banner.pool.offline', {time: clock(poolStore.now)})}</div>;
  if (connection === 'late') return <div class="banner mild" role="status">{t('banner.late', {age: duration(Math.round(poolStore.age()))})}</div>;
  return null;
}

function Figures() {
  useStore('pool', 'second');
  const {gpus: g, jobs, kinds} = poolStore.pool!;
  const age = poolStore.offline ? <span class="age num">{t('age', {age: duration(Math.round(poolStore.age()))})}</span> : null;
  const figure = (name: string, big: string, more: preact.ComponentChild = null) => <div class="figure"><dt>{name}</dt>
    <dd><span class="big num">{big}</span> <span class="more num">{more}</span>{age}</dd></div>;
  const out = g.drained + g.broken;
  return <dl class="kpis">
    {figure(t('used'), gpus(g.used), t('of.all', {all: gpus(g.all), share: percent(g.all > 0 ? g.used / g.all : null)}))}
    {figure(t('borrowed'), gpus(g.borrowed), g.used > 0 ? percent(g.borrowed / g.used) : '')}
    {figure(t('gpu.free'), gpus(g.free), [g.reserved > 0 && `${t('gpu.reserved')} ${gpus(g.reserved)}`, g.spare > 0 && `${t('gpu.spare')} ${gpus(g.spare)}`].filter(Boolean).join(' · '))}
    {figure(t('out.of.service'), gpus(out), out > 0 ? [g.broken > 0 && `${t('gpu.broken')} ${gpus(g.broken)}`, g.drained > 0 && `${t('gpu.drained')} ${gpus(g.drained)}`].filter(Boolean).join(' · ') : '')}
    {figure(t('jobs.waiting'), gpus(jobs.waiting), jobs.waiting > 0 ? t('waiting.for.n', {what: amount(jobs.waiting_gpus)}) : '')}
    {figure(t('jobs.running'), gpus(jobs.running), jobs.stopping > 0 ? t('n.stopping', {n: gpus(jobs.stopping)}) : '')}
    {!isWall() && figure(t('kinds'), kinds.map((k) => k.slots ? t('cpu.slots') : k.name).join(', '), kinds.length > 1 ? kinds.map((k) => gpus(k.gpus)).join(', ') : '')}
  </dl>;
}

function Racks() {
  const [ref, width] = useRoom(), [every, setEvery] = useState(false);
  const {item, query} = useRoute();
  const racks = poolStore.pool!.racks, alone = racks.name.length === 1;
  const close = () => go('pool', '', query);
  const room = isWall() ? Math.max(320, innerHeight - 390) : width < 560 ? 900 : 520;
  return <>
    <section class="card racks">
      <div class="toolbar"><h2>{alone ? t('nodes.n', {n: gpus(racks.nodes[0] ?? 0)}) : t('racks.n', {n: gpus(racks.name.length)})}</h2><span class="spring" />
        {!isWall() && !alone && <button class="quiet small" data-table aria-pressed={every} onClick={() => setEvery(!every)}>{t(every ? 'racks.map' : 'racks.list')}</button>}</div>
      <div ref={ref}>{width > 0 && !every && !alone && <RackMap width={width} height={room} still={isWall()} />}</div>
      {!isWall() && !alone && <RackList every={every} />}
      {alone && <><RackSheet name={racks.name[0]!} /><Legend /></>}
    </section>
    {item && !alone && !isWall() && <RackSheet name={item} onClose={close} />}
  </>;
}

// Drawn anew when the pool comes and when the connection does; what changes in between its parts draw.
export function PoolView() {
  useStore('page');
  const [, put] = useState('');
  const ready = poolStore.pool !== null;
  useEffect(() => {
    const stop = store.listen(['pool'], () => put(`${poolStore.pool !== null} ${poolStore.offline}`));
    const end = poolStore.open();
    return () => (stop(), end());
  }, []);
  useEffect(() => onKeys({Escape: () => {
    const {item, query} = route();
    if (item) go('pool', '', query);
    else if (query.get('account')) go('pool', '', undefined, true);
  }}), []);
  return <div class={`view pool-view${poolStore.offline && ready ? ' stale' : ''}`}>
    <h1 class="visually-hidden">{t('view.pool')}</h1>
    <Banner />
    {!ready ? <Loading what={t('loading.pool')} /> : <>
      <Figures />
      <div class="pool-columns">
        <div class="pool-column"><Tree still={isWall()} />{isWall() ? <Queue still /> : <><UsageChart /><Acts /></>}</div>
        <div class="pool-column"><Racks /></div>
      </div>
      {!isWall() && <Queue />}
    </>}
  </div>;
}
