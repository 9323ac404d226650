// kpi_bar.tsx - the few numbers of the whole plant, each beside its trend or range.
import {clock, count, decimals, duration, num, percent, range, withUnit} from '../format';
import {t} from '../i18n';
import {Trend} from '../parts/trend';
import {useStore} from '../store';

function Figure({name, value, more, trend, age}:
    {name: string; value: string; more?: string; trend?: number[]; age?: string}) {
  return <div class="figure">
    <dt>{name}</dt>
    <dd><span class="num big">{value}</span>{more && <span class="num more"> {more}</span>}
      {trend && <Trend values={trend} />}
      {age && <span class="age num">{age}</span>}</dd>
  </div>;
}

export function KpiBar() {
  const store = useStore('kpi', 'link', 'second');
  const k = store.kpi;
  if (!k) return null;
  const age = store.offline || store.age() > 10 ? t('age', {age: duration(Math.round(store.age()))}) : '';
  const made = k.made_shift ?? k.made;
  const plan = k.plan_shift === null || k.plan_shift === undefined ? undefined
    : t('plan.of', {plan: count(k.plan_shift), gap: decimals(made - k.plan_shift, 0, true)});
  const f = store.forecast;
  return <dl class="kpis">
    <Figure name={k.made_shift === null ? t('kpi.made') : t('kpi.made.shift')} value={count(made)}
      {...(plan ? {more: plan} : {})} trend={store.trend.made} age={age} />
    <Figure name={t('kpi.per_hour')} value={num(k.per_hour)} trend={store.trend.per_hour} age={age} />
    <Figure name={t('kpi.wip')} value={count(k.wip)} trend={store.trend.wip} age={age} />
    {k.outside != null && <Figure name={t('kpi.outside')} value={count(k.outside)}
      {...(k.outside_s != null ? {more: t('kpi.outside.wait', {wait: duration(k.outside_s)})} : {})} age={age} />}
    {k.oee !== null && <Figure name={t('kpi.oee')} value={percent(k.oee)} trend={store.trend.oee} age={age} />}
    {k.on_time !== null && <Figure name={t('kpi.on_time')} value={percent(k.on_time)} age={age} />}
    <Figure name={t('kpi.cycle')} value={duration(k.cycle_s)} age={age} />
    {f && <Figure name={t('kpi.forecast', {time: clock(f.until_us, false)})} value={decimals(f.made_mean, 0, true)}
      more={t('kpi.forecast.range', {level: percent(f.level ?? 0.9), n: f.futures, range: range(f.made_low, f.made_high)})} age={age} />}
    {!store.inStep && <div class="figure"><dt>{t('twin')}</dt><dd>{t('twin.out')}</dd></div>}
    {store.certainty !== null && store.certainty < 0.8 && <div class="figure"><dt>{t('twin.certainty')}</dt>
      <dd class="num">{withUnit(percent(store.certainty), '')}</dd></div>}
  </dl>;
}
