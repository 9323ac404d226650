// detail.tsx - one decision: what, how much with its interval, why, what was tried, guards, what was
// sent and what came of it.
import {duration, interval, num, percent, stamp, unitName} from '../format';
import {isKnown} from '../gain';
import {t, word} from '../i18n';
import {GainText, Whisker, scaleOf} from '../parts/interval';
import {lacks} from '../parts/rights';
import {store} from '../store';
import type {Row} from '../types';
import type {Review} from './review_dialog';
import {leftOf, stateOf, titleOf, whyOf} from './title';

const reviews: Review[] = ['reject', 'hold', 'approve'];

export function Detail({row, onReview}: {row: Row; onReview: (review: Review) => void}) {
  const open = row.state === 'open' || row.state === 'held', right = lacks('operator');
  const came = row.realised, alike = !came?.unit || came.unit === row.unit;  // a setting promises a mean, and brings a sum
  const scale = scaleOf([...row.candidates, row.claim, alike ? came : null]);
  return <article class="detail card" aria-label={titleOf(row)}>
    <h2>{titleOf(row)}</h2>
    <p class="muted"><span class={`row-state rs-${row.state}`}>{stateOf(row)}</span> · {row.point} · {word('mode', row.mode)} ·
      {' '}{open ? leftOf(row, store.lineNow) : stamp(row.line_us)} · <span class="ids">{row.id}</span></p>
    {row.claim && <div class="claim"><span>{t('promised')}</span>
      <Whisker gain={row.claim} scale={scale} width={200} />
      <GainText gain={row.claim} unit={row.unit} level={row.claim.level} futures={row.claim.futures || undefined} /></div>}
    {came && <div class="claim"><span>{t('realised')}</span>
      {alike && <Whisker gain={null} realised={came} scale={scale} width={200} />}
      <strong class="num">{interval(came.gain, came.low, came.high, came.unit ?? row.unit)}</strong>
      <span class="muted">{word('method', came.method)}{(came.decisions ?? 1) > 1 ? `: ${t('realised.together', {n: came.decisions ?? 1})}` : ''}</span></div>}
    <h3>{t('why')}</h3>
    <ul class="why">{whyOf(row).map((line) => <li>{line}</li>)}</ul>
    {open && <div class="buttons">
      {reviews.map((review) => <button class={review === 'approve' ? 'primary' : ''} disabled={!!right} title={right}
        onClick={() => onReview(review)}>{t(`review.${review}.open`)}</button>)}
      {right && <span class="muted">{right}</span>}
    </div>}
    <h3>{t('tried')}</h3>
    <div class="scroller" tabIndex={0} role="group" aria-label={t('tried')}><table class="tried">
      <thead><tr><th scope="col">{t('candidate')}</th><th scope="col">{t('tried.gain', {unit: unitName(row.unit), base: row.candidates[0]?.label ?? ''})}</th><th scope="col" class="right">{t('futures')}</th></tr></thead>
      <tbody>{row.candidates.map((c, i) => <tr class={i === row.chosen ? 'chosen' : ''}>
        <th scope="row">{c.label}{i === row.own && <span class="muted"> ({t('own.rule')})</span>}
          {i === row.chosen && <strong> ({t('chosen.word')})</strong>}</th>
        <td>{i === 0 ? <span class="muted">{t('compared')}</span>
          : !isKnown(c) ? '–' : <><Whisker gain={c} scale={scale} width={140} /> <span class="num">{interval(c.gain, c.low, c.high, '', row.claim?.level)}</span></>}</td>
        <td class="num right">{c.futures}</td></tr>)}</tbody></table></div>
    <dl class="facts">
      <dt>{t('deadline')}</dt><dd class="num">{t('deadline.used', {used: num(row.used_ms), of: num(row.deadline_ms)})}{row.cut && ` · ${t('cut')}`}</dd>
      <dt>{t('futures')}</dt><dd class="num">{row.futures} ({row.rounds.join(' · ')})</dd>
      <dt>{t('horizon')}</dt><dd class="num">{duration(row.horizon_s)}</dd>
      <dt>{t('base')}</dt><dd>{row.base}</dd>
      {row.terms && Object.entries(row.terms).filter(([, g]) => isKnown(g)).map(([name, g]) => <><dt>{word('term', name)}</dt>
        <dd class="num">{interval(g.gain, g.low, g.high)}</dd></>)}
      {(row.guards !== null || row.sent.length === 0) && <><dt>{t('guards')}</dt><dd>{row.guards === null ? t('guards.none')
        : t('guards.pass', {n: row.guards.filter((g) => g.pass).length, of: row.guards.length})}
        {row.guards?.some((g) => !g.pass) && <ul>{row.guards.filter((g) => !g.pass).map((g) =>
          <li class="problem">{g.number} {word('guard', g.name)}: {g.text}</li>)}</ul>}</dd></>}
      {row.approvals.map((a) => <><dt>{t('reviewed')}</dt><dd>{a.who} ({word('role', a.role)}) {stamp(a.at_us)}{a.text && `: ${a.text}`}</dd></>)}
      {row.reason && <><dt>{t('state.why')}</dt><dd>{row.reason}</dd></>}
      {row.partly && <><dt>{t('partly')}</dt><dd class="problem">{t('partly.of', row.partly)}</dd></>}
      {row.apart?.map((other) => <><dt>{t('partly')}</dt><dd class="problem">{t('partly.apart', {title: titleOf(other)})}
        {' '}<span class="ids">{other.id}</span>: {stateOf(other)}{other.reason && ` (${other.reason})`}</dd></>)}
      {row.sent.map((s) => <><dt>{t('sent')}</dt><dd class="ids">{s.kind} {s.device} {s.argument}: {s.result}
        {s.guard !== null && s.guard !== undefined ? ` ${t('guards.by', {n: s.guard})}` : ''}{s.reason ? ` (${s.reason})` : ''} {stamp(s.at_us)}</dd></>)}
      <dt>{t('replay')}</dt><dd class="ids"><code>lineshaft decide replay PLANT {row.id}</code>
        {row.snapshot && <> · {row.snapshot.hash}</>}{(typeof row.seed === 'string' || Number.isSafeInteger(row.seed)) && <> · {t('seed')} {row.seed}</>}</dd>
    </dl>
    {row.claim && <p class="muted">{t('claim.note', {level: percent(row.claim.level)})}</p>}
  </article>;
}
