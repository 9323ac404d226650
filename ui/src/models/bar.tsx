// bar.tsx - a bar for a figure and a line for its limit, both from zero. The text beside it says both.
export function LimitBar({value, limit, bad}: {value: number | null; limit: number | null; bad: boolean}) {
  const width = 120, known = value !== null && limit !== null;
  const low = Math.min(0, value ?? 0, limit ?? 0), high = Math.max(0, value ?? 0, limit ?? 0), room = (high - low || 1) * 0.12, from = low < 0 ? low - room : 0;
  const x = (v: number) => Math.round((v - from) / (high + room - from) * (width - 4) * 10) / 10 + 2;
  return <svg class={`limit-bar${bad ? ' bad' : ''}`} width={width} height="14" aria-hidden="true">
    {known && <><path class="track" d={`M${x(0)} 0V14`} />
      <rect class="figure-bar" x={Math.min(x(0), x(value))} y="4" width={Math.max(1, Math.abs(x(value) - x(0)))} height="6" />
      <path class="limit" d={`M${x(limit)} 0V14`} /></>}
  </svg>;
}
