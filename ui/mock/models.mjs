// models.mjs - made-up models for the mock server: a wear model with a challenger in its shadow, a
// life model that has drifted, one that may not serve, a monitor with an alarm, one of classes.

// What "really" comes: wear that rises and is mended, a little different for each unit.
export function truthOf(name, us) {
  const k = Number(/\d+/.exec(name)?.[0] ?? 1), period = (9 + k) * 3600e6;
  return 0.08 + 0.8 * (((us + k * 1.7e9) % period) / period);
}
const wobble = (us, k) => 0.02 * Math.sin(us / 7e8 + k) + 0.012 * Math.sin(us / 1.3e8 + 2 * k);

const alarmUs = Date.UTC(2026, 0, 5, 11, 20) * 1e3;  // since then the monitor's second unit is not as it was

// The value of a tag model/NAME/UNIT[/...] at a moment; null: nothing was said.
export function predictedOf(name, us, horizonUs) {
  const [, model, unit, part = 'value'] = name.split('/');
  const k = Number(/\d+/.exec(unit)?.[0] ?? 1), truth = truthOf(unit, us + horizonUs), said = truth + wobble(us, k);
  if (model === 'watch') {
    const index = 0.4 + 0.15 * Math.sin(us / 9e8 + k) + (k === 2 && us > alarmUs ? 2.1 : 0);
    return {value: index, unusual: index > 1 ? 1 : 0}[part] ?? null;
  }
  if (model === 'part') return {value: Math.floor(us / 36e8) % 5 === 2 ? 1 : 0}[part] ?? null;
  if (model !== 'wear') return null;
  return {value: said, low: said - 0.05, high: said + 0.05, challenger: truth + 0.5 * wobble(us, k + 1), unusual: k === 3 && us % 36e8 > 30e8 ? 1 : 0}[part] ?? null;
}

const gate = (passed, value, limit, about) => ({passed, value, limit, about});
const gates = (gain, missing) => ({
  gain: gate(gain > 0, gain, 0, `the error is less by ${gain}`), worst: gate(true, 0.031, 0.1, "unit 'grind-2': squared error +3.1 %"),
  coverage: gate(true, 0.912, 0.85, 'intervals hold 91.2 %'), missing: gate(missing <= 0, missing, 0, 'without cell/{unit}/power'), latency: gate(true, 14, 1000, '14 us for one prediction (99 %)'),
});
const version = (number, stage, now, more) => ({number, stage, kind: 'trees', from_us: now - 9 * 86400e6, to_us: now - 2 * 86400e6, rows: 8064, dataset: 'd81f03', seed: 1, learner: 'trees',
  code: '0.3.0', radius: 0.05, loss: 'squared error', rmse: 0.0214, champion_rmse: 0.0302, p: 0.003, gates: gates(0.31, -0.42), unusual: {wanted: 0.01, test_rate: 0.012}, ...more});
const score = (more) => ({version: 3, scored: 2016, window: 500, rmse: 0.0231, mae: 0.0187, bias: 0.0012, coverage: 0.914, misses: 43, interval: 0.9, split_radius: 0.05, adaptive_radius: 0.052,
  alpha: 0.09, pending: 12, never: 0, skipped: 2, unusual: 31, said: 2060, ...more});
const speed = (more) => ({predictions: 2060, p50_us: 4.1, p99_us: 14.2, limit_us: 1000, slow: false, ...more});
const drifted = (feature, psi, more) => ({feature, psi, noise: 0.02, ks: psi / 2, mean_then: 12.1, mean_now: 12.1 + 6 * psi, missing_then: 0, missing_now: 0, effective: 140, effect: null, drifted: psi > 0.25, ...more});
const drift = (state, now, features, more) => ({version: 3, window_us: 86400e6, psi_limit: 0.25, rows: 2060, labels: 2016, judged: 14, state, inputs: state === 'drift', errors: false,
  since_us: state === 'drift' ? now - 7200e6 : null, newest_us: now, newest_label_us: now - 600e6, labels_late: false, error_then: 0.0181, error_now: 0.0187, features, predictions: drifted(undefined, 0.04), ...more});
const training = (more) => ({state: 'idle', reason: null, text: 'nothing is wanted', since_us: null, last_us: null, next_us: null, failures: 0, version: null, offer: null, ...more});
const model = (name, more) => ({name, what: 'sensor', mode: 'approve', learner: 'trees', every_us: 300e6, horizon_us: 600e6, label: {kind: 'tag', source: 'cell/{unit}/wear', delay_us: 0},
  limits: {level: 0.95, gain: 0, worst: 0.1, coverage: 0.05, interval: 0.9, missing: 0, latency_us: 1000}, champion: 3, challenger: null, serving: 3, shadow: null, refused: null,
  tags: Object.fromEntries(['value', 'low', 'high', 'unusual', 'challenger'].map((k) => [k, `model/${name}/{unit}${k === 'value' ? '' : `/${k}`}`])),
  score: score(), challenger_score: null, speed: speed(), challenger_speed: null, ...more});

export function makeModels({now}) {
  const live = (units, version) => units.map((unit, i) => {
    const at = Math.floor(now / 300e6) * 300e6, value = predictedOf(`model/wear/${unit}`, at, 600e6), truth = truthOf(unit, at - 300e6);
    return {unit, state: i === 3 ? 'silent' : 'good', time_us: at, age_s: (now - at) / 1e6, value: i === 3 ? null : value, low: i === 3 ? null : value - 0.05, high: i === 3 ? null : value + 0.05,
      by: 'adaptive', unusual: i === 2, challenger: value + 0.01, version, truth, truth_time_us: at - 600e6, error: 0.0094 - 0.006 * i, scored: 504, coverage: 0.91 - 0.02 * i};
  });
  const explained = (units, number) => units.map((unit, i) => ({unit, time_us: Math.floor(now / 300e6) * 300e6, version: number, value: 0.61 - 0.05 * i, base: 0.44, features: [
    ['cell/{unit}/power mean 1h', 12.4, 0.142], ['cell/{unit}/vibration std 10min', 0.031, 0.061], ['cell/{unit}/temperature slope 1h', -0.0021, -0.048],
    ['cell/{unit}/power before 1h', 11.1, 0.027], ['cell/{unit}/vibration missing 1h', null, -0.009], ['cell/{unit}/power max 10min', 15.9, 0.004]]
    .map(([feature, value, effect]) => ({feature, value, effect: Math.round(1e4 * effect * (1 - 0.3 * i)) / 1e4}))}));
  const units = ['grind-1', 'grind-2', 'grind-3', 'grind-4'];
  return [
    model('wear', {challenger: 4, shadow: {version: 4, champion: 3, state: 'passed', about: 'better, with the evidence that is wanted', span_us: 151200e6, for_us: 86400e6, most_us: 604800e6, rows: 412, blocks: 51, effective: 38.2,
        gain: 0.337, evidence: 164, against: 0.02, wanted: 20, champion_rmse: 0.0231, challenger_rmse: 0.0188, coverage: 0.921, worst: -0.12, worst_unit: 1},
      drift: drift('none', now, [drifted('cell/{unit}/temperature mean 1h', 0.11), drifted('cell/{unit}/vibration std 10min', 0.03)]),
      training: training({reason: 'clock', last_us: now - 90000e6, version: 4, text: 'version 4 is in its shadow', offer: {version: 4, text: 'its shadow has passed'}}), live: live(units, 3), challenger_score: score({version: 4, scored: 412, rmse: 0.0172}),
      versions: [version(4, 'challenger', now), version(3, 'champion', now, {rmse: 0.0302, champion_rmse: 0.0418}), version(2, 'retired', now, {rmse: 0.0418, champion_rmse: null, kind: 'linear'}),
        version(1, 'candidate', now, {rmse: 0.071, champion_rmse: null, kind: 'linear', gates: gates(-0.12, 0.08)})], explained: explained(units, 3)}),
    model('spindle-life-of-the-second-hall', {what: 'life', mode: 'auto', champion: 7, serving: 7, label: {kind: 'event', source: 'failure', delay_us: 0}, horizon_us: 0, live: [],
      drift: drift('drift', now, [drifted('spindle/{unit}/torque max 8h', 0.62, {noise: 0.7, drifted: false}), drifted('spindle/{unit}/current mean 8h', 0.81), drifted('spindle/{unit}/temperature std 1h', 0.31, {missing_now: 0.22}), drifted('spindle/{unit}/speed last', 0.02)], {errors: true, error_then: 5400, error_now: 19800, labels_late: true}),
      training: training({state: 'underway', reason: 'drift', text: 'job 5512 of the pool', last_us: now - 300e6, failures: 1}),
      score: score({coverage: 0.74, version: 7}), speed: speed({slow: true, p99_us: 1480}), versions: [version(7, 'champion', now)], explained: []}),
    model('scrap', {what: 'scrap', champion: null, serving: null, label: {kind: 'file', source: 'inspection.csv', delay_us: 86400e6}, live: [], score: score({coverage: null, scored: 0, version: null, said: 0}),
      refused: {version: 2, text: "feature 3 of the model is 'power', it should be 'torque'", since_us: now - 3600e6}, versions: [version(2, 'candidate', now, {gates: gates(-0.02, 0.01), rmse: 0.09})], explained: []}),
    model('watch', {what: 'anomaly', learner: 'dpca', objective: null, champion: 1, serving: 1, horizon_us: 0, label: {kind: 'none', source: '', delay_us: 0}, score: score({coverage: null, scored: 0, version: 1}),
      live: ['reactor-1', 'reactor-2'].map((unit, i) => {
        const at = Math.floor(now / 300e6) * 300e6;
        return {unit, state: 'good', time_us: at, age_s: (now - at) / 1e6, value: predictedOf(`model/watch/${unit}`, at, 0), low: null, high: null, by: null, unusual: i === 1, challenger: null, version: 1,
          truth: null, truth_time_us: null, error: null, alarm: i === 0 ? null : {since_us: alarmUs + 600e6, index: 2.63, version: 1, blame: [
            {feature: 'plant/cooling/outlet', contribution: 14.2, value: 51.3, mean: 40.1, low: 37.2, high: 43.5}, {feature: 'plant/valve/10', contribution: 6.1, value: 71, mean: 41, low: 36, high: 46},
            {feature: 'plant/level', contribution: 0.8, value: null, mean: 50, low: 48, high: 52}]}};
      }),
      versions: [version(1, 'champion', now, {kind: 'monitor', loss: null, rmse: null, champion_rmse: null, gates: {'false-alarms': gate(true, 0.012, 0.03, '1.2 % of 2880 rows'), latency: gate(true, 21, 1000, '21 us')}})], explained: []}),
    model('part', {what: 'quality', objective: 'classes', classes: ['good', 'rework', 'scrap'], champion: 2, serving: 2, horizon_us: 0, label: {kind: 'file', source: 'inspection.csv', delay_us: 86400e6},
      live: [{unit: 'plant', state: 'good', time_us: now, age_s: 0, value: 1, low: null, high: null, by: null, unusual: false, challenger: null, version: 2, truth: 0, truth_time_us: now - 600e6, error: 1}],
      score: score({coverage: null}), versions: [version(2, 'champion', now, {loss: 'Brier score', rmse: 0.21, champion_rmse: 0.34, gates: {...gates(0.31, -0.42), calibration: gate(true, 0.04, 0.1, 'off by 4 %'), balance: gate(true, 0.22, 0.5, '22 % wrong')}})], explained: []}),
  ];
}
