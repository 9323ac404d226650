// queue.tsx - the jobs: who waits, why, and when it starts; who runs, and on whose GPUs.
import {ask} from '../api';
import {ago, clock, duration, shortStamp} from '../format';
import {currentLang, t} from '../i18n';
import {Choice, Dialog} from '../parts/dialog';
import {Empty, Failed, Loading, useAsk} from '../parts/notice';
import {useSendOnce} from '../parts/send_once';
import {store, useStore} from '../store';
import {useRoute} from '../route';
import {amount, gpus} from './map';
import {poolStore} from './pool_store';
import type {Job} from './types';
import {useEffect, useRef, useState} from 'preact/hooks';

const roundMs = 2000;  // the list is not asked for more often than this

const when = (us: number): string => Math.abs(us - poolStore.now) < 86400e6 ? clock(us, false) : shortStamp(us);

// "14:05 to 14:25", "by 14:25", "about 14:05", "never", "not known".
function startOf(job: Job): preact.ComponentChild {
  if (job.why?.code === 'never') return <strong class="problem">{t('start.never')}</strong>;
  const {earliest_us: from, promised_us: to} = job;
  if (from !== null && to !== null && to > from) return t('start.between', {from: when(from), to: when(to)});
  if (to !== null) return t('start.by', {to: when(to)});
  if (from !== null) return t('start.from', {from: when(from)});
  return <span class="muted">{t('start.unknown')}</span>;
}

export const whyOf = (job: Job): string => !job.why ? job.note ?? '' : currentLang() === 'ko' ? job.why.text_ko : job.why.text;

// What a job is that comes and goes with what others need; a part of an elastic job is a spot job, too.
export const kindOf = ({leader, spot, elastic}: Job): string => leader ? t('job.part', {id: leader}) : spot ? t('job.spot') : elastic ? t('job.elastic', {n: elastic}) : '';

const aboutKind = ({leader, spot, elastic}: Job): string => leader ? t('job.part.about', {id: leader}) : spot ? t('job.spot.about') : elastic ? t('job.elastic.about', {n: elastic}) : '';

const shapeOf = (job: Job): string => {
  const {parts, gpus: each, within, must, spread} = job.shape;
  return [parts > 1 ? `${gpus(parts)} × ${gpus(each)}` : gpus(each), within && t(must ? 'within.must' : 'within.wish', {level: t(`level.${within}` as 'level.rack')}), spread && t('spread')].filter(Boolean).join(', ');
};

// Why this person cannot cancel it; '' when nothing is in the way.
function whyNot(job: Job): string {
  if (poolStore.offline) return t('right.pool.offline');
  if (store.me.role === 'viewer') return t('right.operator.cancel');
  const own = store.me.account ?? null;
  if (own !== null && job.account !== own && !job.account.startsWith(`${own}.`)) return t('right.account', {name: own});
  return '';
}

function CancelDialog({job, onClose}: {job: Job; onClose: () => void}) {
  useStore('pool');
  const {busy, error, sendOnce} = useSendOnce();
  const why = whyNot(job);
  const send = () => sendOnce(async () => {
    await ask<Job>(`pool/jobs/${encodeURIComponent(job.id)}/cancel`, 'POST', {});
    poolStore.queueRound++;
    store.mark('queue');
    onClose();
  });
  return <Dialog title={t('cancel.job')} onClose={onClose}>
    <p class="ids">{job.id} {job.name} · {job.account} · {amount(job.gpus)}</p>
    <p>{t(job.state === 'waiting' ? 'cancel.waiting' : 'cancel.running')}</p>
    <Choice why={why} error={error} busy={busy} keep={t('keep.job')} button={t('cancel.job.button')} mark={{'data-send': 'cancel'}} onSend={send} onClose={onClose} />
  </Dialog>;
}

function Details({job, onCancel}: {job: Job; onCancel: (job: Job) => void}) {
  const why = whyNot(job), open = job.state === 'waiting' || job.state === 'running';
  const fact = (name: string, value: preact.ComponentChild) => <><dt>{name}</dt><dd class="ids">{value}</dd></>;
  const about = aboutKind(job);
  return <div class="job-details">{about && <p>{about}</p>}<dl class="facts">
    {fact(t('job.shape'), shapeOf(job))}
    {fact(t('job.who'), job.who)}
    {job.command && fact(t('job.command'), <code>{job.command.join(' ')}</code>)}
    {fact(t('job.submitted'), ago(job.submitted_us, poolStore.now))}
    {job.started_us !== null && fact(t('job.started'), ago(job.started_us, poolStore.now))}
    {job.most_s !== null && fact(t('job.most'), duration(job.most_s))}
    {job.deadline_us !== null && fact(t('job.deadline'), when(job.deadline_us))}
    {fact(t('job.priority'), job.priority)}
    {job.node_count > 0 && fact(t('job.nodes'), job.nodes.join(', ') + (job.node_count > job.nodes.length ? ` ${t('and.more', {n: gpus(job.node_count - job.nodes.length)})}` : ''))}
    {job.borrowed > 0 && fact(t('borrowed'), amount(job.borrowed))}
    {job.restarts > 0 && fact(t('job.restarts'), `${job.restarts} (${t('job.lost', {time: duration(job.lost_gpu_s)})})`)}
    {job.exit !== null && fact(t('job.exit'), job.exit)}
  </dl>
    {open && <div class="buttons"><button data-cancel={job.id} disabled={!!why} title={why} onClick={() => onCancel(job)}>{t('cancel.job.open')}</button>{why && <span class="muted">{why}</span>}</div>}
  </div>;
}

function JobRow({job, open, onOpen, onCancel}: {job: Job; open: boolean; onOpen: () => void; onCancel: (job: Job) => void}) {
  const kind = kindOf(job);
  return <li class={`job js-${job.state}`}>
    <button class="job-head" aria-expanded={open} onClick={onOpen}>
      <span class="job-name ids"><strong>{job.id}</strong> {job.name}{kind && <> <span class="tag">{kind}</span></>}</span>
      <span class="job-account ids">{job.account.split('.').map((part, i) => i ? <>.<wbr />{part}</> : part)}</span>
      <span class="job-gpus num">{amount(job.gpus)}{job.borrowed > 0 && <span class="muted"> {t('n.borrowed', {n: gpus(job.borrowed)})}</span>}</span>
      <span class="job-since num">{t(`since.${job.state}`, {time: duration(Math.max(0, Math.round((poolStore.now - job.since_us) / 1e6)))})}</span>
      <span class="job-why ids">{whyOf(job)}</span>
      <span class="job-start num">{job.state === 'waiting' ? <><span class="muted">{t('starts')} </span>{startOf(job)}</> : null}</span>
    </button>
    {open && <Details job={job} onCancel={onCancel} />}
  </li>;
}

const folders = {waiting: 'waiting', running: 'running,stopping', over: 'done,failed,cancelled,lost'};

// Counts up when the jobs have changed, but not faster than they can be asked for.
function useRound(): number {
  const [round, put] = useState(0), timer = useRef(0);
  useEffect(() => {
    const stop = store.listen(['queue'], () => {
      timer.current ||= window.setTimeout(() => (timer.current = 0, put((n) => n + 1)), roundMs);
    });
    return () => (stop(), clearTimeout(timer.current));
  }, []);
  return round;
}

export function Queue({still = false}: {still?: boolean}) {
  useStore('second', 'pool');
  const {query} = useRoute(), account = query.get('account') ?? '';
  const [folder, setFolder] = useState<keyof typeof folders>('waiting');
  const [limit, setLimit] = useState(still ? 3 : 50);
  const [opened, setOpened] = useState('');
  const [cancel, setCancel] = useState<Job | null>(null);
  const round = useRound();
  const {value, error, again} = useAsk((signal) => ask<{jobs: Job[]; total: number; next: string | null}>(
    `pool/jobs?state=${folders[folder]}&limit=${limit}${account ? `&account=${encodeURIComponent(account)}` : ''}`, 'GET', undefined, signal), [folder, account, limit, round]);
  const {jobs} = poolStore.pool!;
  return <section class="card queue">
    <div class="toolbar"><h2>{t('jobs')}</h2>
      {!still && <div class="tabs" role="group" aria-label={t('jobs.which')}>{(Object.keys(folders) as (keyof typeof folders)[]).map((f) =>
        <button aria-pressed={f === folder} onClick={() => (setFolder(f), setLimit(50))}>{t(`jobs.${f}`)}
          {!account && f !== 'over' && <> <span class="num">{gpus(f === 'waiting' ? jobs.waiting : jobs.running + jobs.stopping)}</span></>}</button>)}</div>}
      {account && <span class="ids">{t('only.account', {name: account})}</span>}</div>
    {error !== null && !value && <Failed error={error} again={again} />}
    {!value && error === null && <Loading what={t('loading.jobs')} />}
    {value && value.jobs.length === 0 && <Empty>{t(`jobs.none.${folder}`)}</Empty>}
    {value && <ul class="jobs">{value.jobs.map((j) => <JobRow key={j.id} job={j} open={!still && opened === j.id} onOpen={() => setOpened(opened === j.id ? '' : j.id)} onCancel={setCancel} />)}</ul>}
    {value && !still && value.next !== null && limit < 500 && <button class="quiet" onClick={() => setLimit(Math.min(500, limit + 150))}>{t('more', {n: gpus(value.total - value.jobs.length)})}</button>}
    {value && value.next !== null && (still || limit >= 500) && <p class="muted">{t('jobs.cut', {n: value.jobs.length, all: gpus(value.total)})}</p>}
    {cancel && <CancelDialog job={cancel} onClose={() => setCancel(null)} />}
  </section>;
}
