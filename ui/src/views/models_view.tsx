// models_view.tsx - the models of the plant: who serves and may serve, live predictions against what
// came true, why.
import {ApiError, ask} from '../api';
import {duration} from '../format';
import {t, word} from '../i18n';
import {useRoom} from '../line/drawing';
import {Blame, Why} from '../models/explained';
import {Deeds, DeedDialog, type Deed} from '../models/deeds';
import {DriftCard} from '../models/drift';
import {coverageOf, Flags, isMonitor, List, servesOf, version} from '../models/list';
import {LiveChart, tagOf} from '../models/live_chart';
import type {Model, ModelDetail} from '../models/types';
import {ShadowCard} from '../models/shadow';
import {Units} from '../models/units';
import {Versions} from '../models/versions';
import {Failed, Loading, useAsk} from '../parts/notice';
import {Spans} from '../plots/around';
import {go, useRoute} from '../route';
import {store, useStore} from '../store';
import {useEffect, useState} from 'preact/hooks';

const beatMs = 5000;

const sample = `models:
  wear:
    what: sensor
    of: [grind-1, grind-2]
    tags: ["cell/{unit}/power"]
    window: 10 min
    every: 5 min
    label: {tag: "cell/{unit}/wear"}`;

// A plant without models: how to begin.
function Begin() {
  return <section class="card begin"><h2>{t('models.none')}</h2>
    <p>{t('models.begin.file')}</p><pre tabIndex={0}>{sample}</pre>
    <p>{t('models.begin.train')}</p><pre tabIndex={0}>lineshaft model train plant.yaml:wear</pre>
    <p>{t('models.begin.then')}</p></section>;
}

function Head({of: m, onDeed}: {of: ModelDetail; onDeed: (deed: Deed) => void}) {
  return <>
    <h2 class="ids">{m.name}</h2>
    <p class="muted">{[word('what', m.what), m.horizon_us > 0 ? t('model.ahead', {span: duration(m.horizon_us / 1e6)}) : '', t('model.every', {span: duration(m.every_us / 1e6)}),
      m.label.kind === 'tag' ? t('model.label', {name: tagOf(m.label.source, '…')}) : t(`model.label.${m.label.kind}`, {name: m.label.source})].filter(Boolean).join(' · ')}</p>
    <p><strong>{servesOf(m)}</strong> · {t(`model.mode.${m.mode}`)}</p>
    <p>{coverageOf(m)} <span class="flags"><Flags of={m} /></span></p>
    {m.refused && <p class="problem">{t('model.refused', {version: version(m.refused.version)})}: {m.refused.text}</p>}
    <Deeds of={m} onDeed={onDeed} />
  </>;
}

function One({of: m, beat, again}: {of: ModelDetail; beat: number; again: () => void}) {
  const [deed, setDeed] = useState<Deed | null>(null);
  const [ref, width] = useRoom(), {query} = useRoute();
  const live = m.live.find((l) => l.unit === query.get('unit')) ?? m.live[0];
  const hours = Number(query.get('hours')) || 8;
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(query);
    next.set(name, value);
    go('models', m.name, next, true);
  };
  return <div class="model" ref={ref}>
    <section class="card"><Head of={m} onDeed={setDeed} /></section>
    <section class="card"><div class="toolbar"><h2>{t(isMonitor(m) ? 'model.index' : 'model.live')}</h2><span class="spring" />
      <Spans hours={hours} onHours={(h) => set('hours', String(h))} /></div>
      {live && width > 0 && <LiveChart model={m} live={live} hours={hours} width={width} beat={Math.floor(beat / 2)} />}
      {live ? <><h3>{t('model.units')}</h3><Units model={m} unit={live.unit} onUnit={(unit) => set('unit', unit)} /></>
        : <p class="muted">{t('model.state.none')}</p>}</section>
    {isMonitor(m) ? <Blame model={m} of={live} again={again} /> : <Why of={m.explained.find((e) => e.unit === live?.unit)} />}
    {!isMonitor(m) && <DriftCard of={m.drift} />}
    <ShadowCard of={m} />
    <Versions of={m} onDeed={setDeed} />
    {deed && <DeedDialog model={m} deed={deed} onClose={() => setDeed(null)} onDone={again} />}
  </div>;
}

export function ModelsView() {
  useStore('page', 'link');
  const {item} = useRoute();
  const [beat, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || store.offline || tick((n) => n + 1), beatMs);
    return () => clearInterval(timer);
  }, []);
  const all = useAsk((signal) => ask<{models: Model[]}>('models', 'GET', undefined, signal), [beat]);
  const models = all.value?.models ?? [];
  const name = item || models[0]?.name || '';
  const one = useAsk((signal) => name ? ask<ModelDetail>(`models/${encodeURIComponent(name)}`, 'GET', undefined, signal) : Promise.resolve(null), [name, beat]);
  const shown = one.value?.name === name ? one.value : null;
  return <div class="view models-view">
    <h1 class="visually-hidden">{t('view.models')}</h1>
    {all.error instanceof ApiError && all.error.status === 404 ? <Begin />
      : all.error !== null && !all.value ? <Failed error={all.error} again={all.again} />
      : !all.value ? <Loading what={t('loading.models')} />
      : models.length === 0 ? <Begin />
      : <div class="two"><List models={models} selected={name} />
        {shown ? <One key={name} of={shown} beat={beat} again={() => (all.again(), one.again())} /> : one.error !== null ? <Failed error={one.error} again={one.again} /> : <Loading what={t('loading.models')} />}</div>}
  </div>;
}
