// ledger.tsx - promised against realised, per kind of decision: the account that earns trust.
import {ApiError, ask} from '../api';
import {count, interval, unitName} from '../format';
import {currentLang, t, word} from '../i18n';
import {Whisker, scaleOf} from '../parts/interval';
import {Empty, Failed, Loading, useAsk} from '../parts/notice';
import type {ProveRow} from '../types';

interface Account {
  rows: ProveRow[];
  unit: string;
  experiment: {text: string; text_ko: string} | null;
}

function Experiment({of}: {of: Account['experiment']}) {
  return of && <p class="experiment">{currentLang() === 'ko' ? of.text_ko : of.text}</p>;
}

export function Ledger() {
  const {value, error, again} = useAsk((signal) => ask<Account>('prove', 'GET', undefined, signal), []);
  const none = error instanceof ApiError && (error.status === 503 || error.status === 404);
  if (error && !none) return <Failed error={error} again={again} />;
  if (!value && !none) return <Loading what={t('loading.ledger')} />;
  if (!value || value.rows.length === 0) return <section class="card"><h2>{t('ledger')}</h2><Empty>{t('ledger.empty')}</Empty>
    {value && <Experiment of={value.experiment} />}</section>;
  // Settings gain in the units of their values: on one scale stands what has one unit.
  const scale = scaleOf(value.rows.filter((r) => r.unit === value.unit).flatMap((r) => [r.promised, r.shown ? r.realised : null]));
  const all = value.rows.reduce((s, r) => s + (r.inside?.of ?? 0), 0);
  const inside = value.rows.reduce((s, r) => s + (r.inside?.count ?? 0), 0);
  const expected = value.rows.reduce((s, r) => s + (r.inside?.expected ?? 0), 0);
  return <section class="ledger card">
    <h2>{t('ledger')}</h2>
    {all > 0 && <p>{t('ledger.inside', {n: inside, of: all, expected: Math.round(expected)})}</p>}
    <div class="scroller" tabIndex={0} role="group" aria-label={t('ledger')}><table>
      <thead><tr><th scope="col">{t('kind')}</th><th scope="col" class="right">{t('decisions.count')}</th><th scope="col" class="right">{t('sent.count')}</th>
        <th scope="col">{t('ledger.both', {unit: unitName(value.unit)})}</th><th scope="col">{t('promised')}</th><th scope="col">{t('realised')}</th></tr></thead>
      <tbody>{value.rows.map((r) => <tr>
        <th scope="row">{word('kind', r.kind)}{r.of && <small> {r.of}, {unitName(r.unit)}</small>}</th><td class="num right">{count(r.decisions)}</td><td class="num right">{count(r.sent)}</td>
        <td>{r.unit === value.unit && <Whisker gain={r.promised} realised={r.shown ? r.realised : null} scale={scale} />}</td>
        <td class="num">{r.promised ? interval(r.promised.gain, r.promised.low, r.promised.high) : '–'}</td>
        <td class="num">{r.shown && r.realised ? <span class={r.realised.low > 0 ? 'good' : ''}>{interval(r.realised.gain, r.realised.low, r.realised.high)}</span>
          : <span class="muted">{t('not.shown')}{r.why_not ? `: ${r.why_not}` : ''}</span>}</td></tr>)}</tbody>
    </table></div>
    <Experiment of={value.experiment} />
    <p class="muted">{t('ledger.note')}</p>
  </section>;
}
