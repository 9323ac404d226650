// trend.tsx - the small line behind a number: where it came from in the last minutes.
export function Trend({values, width = 44, height = 20}: {values: number[]; width?: number; height?: number}) {
  if (values.length < 3) return <svg class="trend" width={width} height={height} aria-hidden="true" />;
  let low = Math.min(...values), high = Math.max(...values);
  if (high - low < 1e-9) (low -= 1, high += 1);
  const step = (width - 2) / (values.length - 1);
  const points = values.map((v, i) =>
    `${(1 + i * step).toFixed(1)},${(height - 2 - (v - low) / (high - low) * (height - 4)).toFixed(1)}`);
  return <svg class="trend" width={width} height={height} aria-hidden="true">
    <polyline points={points.join(' ')} />
  </svg>;
}
