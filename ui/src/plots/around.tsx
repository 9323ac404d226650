// around.tsx - what stands around a chart: how long it reaches back, and what its lines are.
import {t} from '../i18n';

const spans = {'1h': 1, '8h': 8, '1d': 24, '7d': 168, '30d': 720};

export const Spans = ({hours, onHours}: {hours: number; onHours: (hours: number) => void}) =>
  <div class="tabs" role="group" aria-label={t('span')}>{Object.entries(spans).map(([name, h]) =>
    <button aria-pressed={Math.abs(hours - h) < 1e-9} onClick={() => onHours(h)}>{name}</button>)}</div>;

// Colour (a token), dashes and name of each line.
export const LineKeys = ({of, children}: {of: (readonly [string, string, string])[]; children?: preact.ComponentChildren}) =>
  <ul class="legend keys-of-lines">{of.map(([colour, dash, name]) =>
    <li><svg width="28" height="8" aria-hidden="true"><path class={colour} d="M0 4H28" stroke-dasharray={dash} /></svg> {name}</li>)}{children}</ul>;
