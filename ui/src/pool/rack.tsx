// rack.tsx - one rack, GPU by GPU, and the jobs on it.
import {ask} from '../api';
import {ago} from '../format';
import {t} from '../i18n';
import {Failed, Loading, useAsk} from '../parts/notice';
import {useStore} from '../store';
import {GpuMark, stateOf, stateWord} from './gpu_mark';
import {amount, gpus} from './map';
import {poolStore} from './pool_store';
import {kindOf} from './queue';
import type {GpuState, Job, Node, Rack} from './types';
import {useEffect, useRef, useState} from 'preact/hooks';

// "3 in use, 1 free"
function said(node: Node): string {
  const counts = new Map<GpuState, number>();
  for (const gpu of node.gpus) counts.set(stateOf(node, gpu), (counts.get(stateOf(node, gpu)) ?? 0) + 1);
  return [...counts].map(([s, n]) => `${stateWord(s)} ${n}`).join(', ');
}

function NodeRow({node, chosen}: {node: Node; chosen: string}) {
  const size = 18, notes = [node.state !== 'up' && stateWord(node.state), node.about,
    node.state !== 'up' && node.since_us && ago(node.since_us, poolStore.now),
    node.reserved_for !== null && (node.reserved_for ? t('reserved.for', {name: node.reserved_for}) : t('reserved.nobody'))].filter(Boolean);
  return <tr>
    <th scope="row" class="ids">{node.name}{notes.length > 0 && <span class="muted"> {notes.join(' · ')}</span>}</th>
    <td>{node.gpus.length === 0 ? <span class="muted">{t('gpus.none')}</span>
      : <svg class="gpus" role="img" aria-label={said(node)} width={node.gpus.length * (size + 2)} height={size} viewBox={`0 0 ${node.gpus.length * (size + 2)} ${size}`}>
        {node.gpus.map((gpu, i) => <g class={chosen && gpu.jobs.includes(chosen) ? 'of-job' : ''}>
          {chosen && gpu.jobs.includes(chosen) && <rect class="ring" x={i * (size + 2)} y="0" width={size} height={size} />}
          <GpuMark state={stateOf(node, gpu)} filled={gpu.used} x={i * (size + 2) + 1} /></g>)}</svg>}</td>
  </tr>;
}

export function RackSheet({name, onClose}: {name: string; onClose?: () => void}) {
  useStore('pool', 'queue');
  const heading = useRef<HTMLHeadingElement>(null), [chosen, choose] = useState('');
  const [more, setMore] = useState<{nodes: Node[]; jobs: Job[]; next: string | null} | null>(null);
  const i = poolStore.pool!.racks.name.indexOf(name), r = poolStore.pool!.racks;
  // Asked anew when the rack's figures have changed.
  const figures = i >= 0 ? [r.used[i], r.borrowed[i], r.reserved[i], r.drained[i], r.broken[i], r.spare[i], poolStore.queueRound].join() : '';
  const {value, error, again} = useAsk((signal) => ask<Rack>(`pool/rack/${encodeURIComponent(name)}`, 'GET', undefined, signal), [name, figures]);
  useEffect(() => {
    if (onClose) heading.current?.focus();
    choose('');
    setMore(null);
  }, [name]);
  const here = value?.name === name ? value : null;
  const next = more ? more.next : here?.next ?? null;
  const fetchMore = async () => {
    const got = await ask<Rack>(`pool/rack/${encodeURIComponent(name)}?after=${encodeURIComponent(next!)}`).catch(() => null);
    if (got) setMore({nodes: [...more?.nodes ?? [], ...got.nodes], jobs: [...more?.jobs ?? [], ...got.jobs], next: got.next});
  };
  const jobs = [...new Map([...here?.jobs ?? [], ...more?.jobs ?? []].map((j) => [j.id, j])).values()];
  return <section class="card rack" aria-label={name}>
    <div class="drawer-head"><h2 ref={heading} tabIndex={-1}>{name === '-' ? poolStore.pool!.name : name}{here && here.units.length > 0 && <span class="muted"> {here.units.join(' · ')}</span>}</h2>
      {onClose && <button class="quiet" onClick={onClose}>{t('close')}</button>}</div>
    {error !== null && <Failed error={error} again={again} />}
    {!here && error === null && <Loading what={t('loading.rack')} />}
    {here && <div class="rack-parts">
      <div class="scroller" tabIndex={0} role="group" aria-label={t('nodes.of', {name})}><table class="nodes">
        <thead class="visually-hidden"><tr><th scope="col">{t('node')}</th><th scope="col">GPU</th></tr></thead>
        <tbody>{[...here.nodes, ...more?.nodes ?? []].map((n) => <NodeRow node={n} chosen={chosen} />)}</tbody></table></div>
      <div><h3>{t('rack.jobs', {n: jobs.length})}</h3>
        {jobs.length > 0 && <ul class="rack-jobs">{jobs.map((j) => <li><button class="link ids" aria-pressed={chosen === j.id} onClick={() => choose(chosen === j.id ? '' : j.id)}>{j.id} {j.name}</button>
          <span class="muted ids">{j.account} · {kindOf(j) && `${kindOf(j)} · `}{amount(j.gpus)}{j.borrowed > 0 && ` · ${t('n.borrowed', {n: gpus(j.borrowed)})}`}</span></li>)}</ul>}</div>
    </div>}
    {next && <button class="quiet" onClick={() => void fetchMore()}>{t('more.nodes')}</button>}
  </section>;
}
