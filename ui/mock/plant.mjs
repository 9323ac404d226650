// plant.mjs - MOCK data for tests and screenshots: a made-up gearbox cell, the same at every start.
export const startUs = Date.UTC(2026, 0, 5, 6) * 1000;

const cell = [
  ['load', 1, null, 24, null], ['turn', 2, null, 49, null], ['mill', 2, 12, 48, null],
  ['wash', 1, null, 90, {min: 4, max: 8}], ['grind', 3, 40, 65, null], ['measure', 1, 12, 24, null],
  ['brush', 1, null, 24, null], ['pack', 1, null, 23, null],
];

export function gearbox() {
  const names = cell.map((c) => c[0]);
  return {
    name: 'gearbox-cell', about: 'the grinding cell of the gearbox line', start_us: startUs,
    stations: cell.map(([name, machines, places, mean_s, batch], i) => ({
      name, area: null, places, batch, mean_s,
      machines: Array.from({length: machines}, (_, m) => ({name: machines > 1 ? `${name}-${m + 1}` : name})),
      next: [...(names[i + 1] ? [names[i + 1]] : []), ...(name === 'measure' ? ['grind'] : [])],
    })),
    products: [{name: 'gear-a', route: names}, {name: 'gear-b', route: names}],
    classes: ['gear-a', 'gear-a-hot', 'gear-b'],
    reasons: {grind: ['spindle', 'wheel'], turn: ['chips'], mill: ['cutter']},
    operators: [{name: 'workers', count: 2}],
    decide: {objective: 'cycle-time', unit: 'lot h', points: [
      {name: 'dispatch grind', kind: 'dispatch', mode: 'approve', at: 'grind', within_ms: 100},
      {name: 'batch wash', kind: 'batch', mode: 'auto', at: 'wash', within_ms: 100},
      {name: 'release gear-b', kind: 'release', mode: 'approve', at: 'gear-b', within_ms: 100},
      {name: 'release gear-a', kind: 'release', mode: 'watch', at: 'gear-a', within_ms: 100}]},
  };
}

// So many stations in a row of routes, for tests of speed.
export function large(count) {
  const name = (i) => `station-${String(i + 1).padStart(3, '0')}`;
  return {...gearbox(), name: 'large', stations: Array.from({length: count}, (_, i) => ({
    name: name(i), area: null, places: 20, batch: null, mean_s: 60,
    machines: [{name: `${name(i)}-1`}, {name: `${name(i)}-2`}], next: i + 1 < count ? [name(i + 1)] : []}))};
}

const states = ['run', 'starved', 'blocked', 'setup', 'waiting', 'down', 'pm', 'off', 'unknown'];

export function state(plant, nowUs, healthy) {
  const mixed = {load: ['run'], turn: ['run', 'down'], mill: ['blocked', 'run'], wash: ['run'],
    grind: ['run', 'setup', 'run'], measure: ['starved'], brush: ['waiting'], pack: ['pm']};
  const queues = {load: 0, turn: 3, mill: 12, wash: 5, grind: 31, measure: 0, brush: 1, pack: 2};
  return {
    seq: 100, hash: 'mock', line_now_us: nowUs, age_s: 0.3, in_step: true, certainty: 0.98,
    stations: plant.stations.map((s, i) => ({
      queue: healthy ? 2 : queues[s.name] ?? i % 20, working: s.machines.length,
      machines: s.machines.map((_, m) => {
        const name = healthy ? 'run' : mixed[s.name]?.[m] ?? states[(i + m) % states.length];
        return {state: name, since_us: nowUs - (300 + i * 70 + m * 11) * 1e6, age_s: 0.2,
          lots: name === 'run' ? [`gear-a-${17 + i * 3 + m}`] : [], setup: s.name === 'grind' ? 'gear-a' : null,
          reason: name === 'down' ? 'chips' : null, chosen: s.name === 'grind' && m === 1 ? 'gear-b-12' : null};
      }),
    })),
    kpi: {made: 388, made_shift: 388, plan_shift: 412, per_hour: 64.2, wip: 63, on_time: 0.93, oee: 0.71, cycle_s: 2340,
      scrapped: 4, bottleneck: [{station: 'grind', share: 0.71}, {station: 'mill', share: 0.18}]},
    forecast: {text: '', origin_us: nowUs, until_us: startUs + 8 * 3600e6, made_mean: 133, made_low: 118, made_high: 147, level: 0.9, futures: 40},
    lines: [{name: 'own rule', made: 371, wip: 74, per_hour: 61.4, cycle_s: 2820, on_time: 0.87, cost: 74.1},
      {name: 'with Lineshaft', made: 388, wip: 63, per_hour: 64.2, cycle_s: 2340, on_time: 0.93, cost: 63.2}],
    difference: {made: 17, half_width: 6.2, windows: 36, hours: 6},
    link: {sources: [{name: 'gearbox/cell', connected: true}], guard: true, history: true},
  };
}

const base = (nowUs) => ({
  version: 2, point: 'dispatch grind', kind: 'dispatch', mode: 'approve', subject: 'grind-1', unit: 'lot h', horizon_s: 7200,
  base: 'setup, fifo', own: 0, chosen: 2, futures: 412, rounds: [16, 33, 66], cut: false, deadline_ms: 100, used_ms: 84.2,
  why: ['grind is the bottleneck (71 % of the last 2 h), and its next changeover costs 60 s.',
    'gear-b-12 keeps the setup that grind-1 has; four more gear-b wait behind it.'],
  why_ko: ['grind 공정이 병목이고(최근 2시간의 71%), 다음 준비교체에 60초가 듭니다.',
    'gear-b-12 로트는 grind-1 설비의 현재 준비 상태를 유지하고, 뒤에 gear-b 4개가 기다립니다.'],
  title: 'grind-1 takes gear-b-12 next instead of gear-a-31', title_ko: 'grind-1 설비의 다음 로트: gear-a-31 대신 gear-b-12',
  candidates: [
    {label: 'gear-a-31', acts: [], futures: 66, rounds: 3, gain: 0, low: 0, high: 0},
    {label: 'gear-a-29', acts: [], futures: 33, rounds: 2, gain: 0.4, low: -0.9, high: 1.7},
    {label: 'gear-b-12', acts: [{kind: 'choose', on: 'grind-1', value: 'gear-b-12'}], futures: 66, rounds: 3, gain: 2.31, low: 0.9, high: 3.72},
    {label: 'wait 2 min', acts: [], futures: 16, rounds: 1, gain: -1.6, low: -3.4, high: 0.2},
    {label: 'gear-a-33', acts: [], futures: 0, rounds: 0, gain: null, low: null, high: null}],
  claim: {gain: 2.1, low: 0.8, high: 3.4, futures: 200, level: 0.95},
  terms: {throughput: {gain: 0.6, low: 0.1, high: 1.1}, 'cycle-time': {gain: 1.5, low: 0.5, high: 2.5}},
  guards: [{number: 7, name: 'freshness', pass: true, text: ''}, {number: 12, name: 'in step', pass: true, text: ''}],
  expires_us: nowUs + 372e6, approvals: [], sent: [], realised: null,
  snapshot: {hash: '3f2a9c51d07b4e18', bytes: 18432}, seed: 7, model: 'gearbox-cell@81c2', build: '0.3.0',
});

export function rows(nowUs) {
  const make = (id, ago_s, changes) => ({...base(nowUs), id, time_us: nowUs - ago_s * 1e6, line_us: nowUs - ago_s * 1e6, ...changes});
  const at = nowUs - 4800e6;
  return [
    make('d-1207', 12, {state: 'open'}),
    make('d-1206', 95, {state: 'open', kind: 'batch', point: 'batch wash', subject: 'wash', title: 'wash waits for two more parts',
      title_ko: 'wash 공정 배치: 2개 더 기다림', claim: {gain: 0.4, low: -0.9, high: 1.7, futures: 200, level: 0.95}}),
    make('d-1190', 1900, {state: 'done', expires_us: null, approvals: [{who: 'kim', role: 'operator', at_us: nowUs - 1880e6}],
      sent: [{id: 'c-88', kind: 'choose', device: 'grind-2', argument: 'gear-a-18', result: 'done', guard: null, reason: null, at_us: nowUs - 1879e6}],
      subject: 'grind-2', title: 'grind-2 takes gear-a-18 next instead of gear-b-03', title_ko: 'grind-2 설비의 다음 로트: gear-b-03 대신 gear-a-18',
      realised: {gain: 1.7, low: 0.9, high: 2.5, method: 'counterfactual', shown: true, decisions: 3, text: ''}}),
    make('d-1177', 4800, {state: 'refused', expires_us: null, guards: [{number: 7, name: 'freshness', pass: false, text: 'grind.speed is 41 s old, limit 30 s'}],
      sent: [{id: 'c-80', kind: 'choose', device: 'grind-1', argument: 'gear-b-02', result: 'refused', guard: 7, reason: 'stale', at_us: at}],
      title: 'grind-1 takes gear-b-02 next', title_ko: 'grind-1 설비의 다음 로트: gear-b-02'}),
    make('d-1160', 6000, {state: 'expired', expires_us: nowUs - 5400e6}),
    make('d-1155', 6100, {state: 'kept', chosen: 0, expires_us: null, guards: null, claim: {gain: null, low: null, high: null, futures: 0, level: 0.95},
      title: 'grind-1 takes gear-a-30, as its own rule says', title_ko: 'grind-1 설비의 다음 로트: gear-a-30 (자체 규칙대로)'}),
  ];
}

export const account = {
  experiment: {claimed: false,
    text: 'Experiment: after 9 of 20 periods Lineshaft gains 0.4 lot h an hour (-0.3 to 1.1, p 0.3, looked at any time): not shown.',
    text_ko: '실험: 9/20 기간 후 시간당 효과 0.4 lot h (-0.3 ~ 1.1, p 0.3): 입증되지 않음.'},
  unit: 'lot h', rows: [
    {kind: 'dispatch', of: null, unit: 'lot h', decisions: 42, sent: 39, promised: {gain: 1.9, low: 1.4, high: 2.4}, realised: {gain: 1.6, low: 1.1, high: 2.1}, shown: true, why_not: null, inside: {count: 37, of: 39, expected: 37.1}},
    {kind: 'batch', of: null, unit: 'lot h', decisions: 20, sent: 12, promised: {gain: 0.5, low: 0.2, high: 0.8}, realised: null, shown: false, why_not: 'gain is smaller than the error of the twin', inside: {count: 0, of: 0, expected: 0}},
    {kind: 'setpoint', of: 'bath', unit: 'C h', decisions: 61, sent: 3, promised: {gain: 0.1, low: 0.09, high: 0.11}, realised: {gain: 2, low: 1.8, high: 2.1}, shown: true, why_not: null, inside: {count: 0, of: 0, expected: 0}}],
};

// Number, name, name in Korean, group; those that can be bypassed are in the list below it.
const numbers = [
  [1, 'range', '범위', 'value'], [2, 'rate of change', '변화율', 'rate'], [3, 'step size', '변경 폭', 'value'],
  [4, 'moving budget', '누적 변경량', 'rate'], [5, 'command frequency', '명령 빈도', 'rate'], [6, 'minimum dwell', '최소 유지 시간', 'rate'],
  [7, 'freshness', '최신성', 'freshness'], [8, 'quality', '신호 품질', 'freshness'], [9, 'twin in step', '트윈 동기', 'state'],
  [10, 'model range', '모델 범위', 'state'], [11, 'claim', '기대 이득', 'value'], [12, 'deadline', '결정 기한', 'freshness'],
  [13, 'state binding', '상태 일치', 'state'], [14, 'permissive', '허가 조건', 'state'], [15, 'interlock', '인터록', 'state'],
  [16, 'PackML state', 'PackML 상태', 'state'], [17, 'mode', '운전 모드', 'mode'], [18, 'operator hold', '작업자 보류', 'authority'],
  [19, 'authority', '권한', 'authority'], [20, 'two persons', '2인 승인', 'authority'], [21, 'idempotence', '중복 명령', 'authority'],
  [22, 'sequence', '순번', 'state'], [23, 'write-ahead', '선기록', 'journal'], [24, 'expiry', '만료', 'send'],
  [25, 'read-back', '되읽기', 'read back'], [26, 'foreign write', '외부 변경', 'state'], [27, 'heartbeat out', '송신 하트비트', 'mode'],
  [28, 'heartbeat in', '수신 하트비트', 'mode'], [29, 'fallback ready', '대체 규칙 준비', 'mode'], [30, 're-engage', '재투입', 'mode'],
  [31, 'one writer', '단일 기록자', 'mode'], [32, 'conservation', '로트 보존', 'state'], [33, 'combined effect', '종합 영향', 'combined effect'],
  [34, 'alarm rate', '알람 빈도', 'rate'], [35, 'bypass', '우회', 'authority'],
];
export const guards = numbers.map(([guard, name, name_ko, group]) => ({guard, name, name_ko, group,
  can_bypass: [3, 4, 5, 6, 9, 10, 11, 14, 34].includes(guard)}));

// What stands at the guard, one of each kind. Times are of the wall.
export const standing = (kind, more = {}) =>
  ({kind, what: '', who: '', role: 'viewer', guard: 0, count: 0, waits: kind !== 'bypass' && kind !== 'revoked', reason: '', since_us: 0, until_us: 0, ...more});

export const busyGuard = (wallUs) => [
  standing('hold', {what: 'dispatch grind', who: 'kim, operator@192.0.2.7', role: 'operator', since_us: wallUs - 1500e6}),
  standing('bypass', {guard: 6, who: 'lee, engineer@192.0.2.9', role: 'engineer', reason: 'trial of the new wheel', since_us: wallUs - 300e6, until_us: wallUs + 1500e6}),
  standing('interlock', {what: 'gearbox/cell/line/DoorOpen'}),
  standing('trips', {count: 1, waits: false, since_us: wallUs - 9000e6}),
];

// Of parts made from now on, as the server counts them.
export function forecast(nowUs, hours, gain = 1) {
  const n = 48, step = hours * 3600e6 / n, times_us = Array.from({length: n}, (_, i) => nowUs + (i + 1) * step);
  const middle = times_us.map((_, i) => 64.2 * gain * hours * (i + 1) / n);
  const band = (z) => middle.map((m, i) => [Math.round(m - z * Math.sqrt(i + 1) * 4.2), Math.round(m + z * Math.sqrt(i + 1) * 4.2)]);
  return {origin_us: nowUs, futures: 400, seed: 7, hash: '3f2a9c51d07b4e18', times_us, median: middle.map(Math.round),
    bands: {95: band(1.96), 80: band(1.28), 50: band(0.67)},
    real: Array.from({length: 21}, (_, i) => [nowUs + i * step / 2, Math.round(i * step / 2 / 3600e6 * 66 + 3 * Math.sin(i))]),
    scores: {coverage: 0.94, crps: 2.1}};
}

export const plantText = `# MOCK: the grinding cell of the gearbox line.
plant: gearbox-cell
stations:
  load:
    process: lognormal 24 s sd 2 s
  turn:
    machines: 2
    process: {gear-a: lognormal 52 s sd 3 s, gear-b: lognormal 44 s sd 3 s}
  grind:
    machines: 3
    queue: 40
    process: {gear-a: lognormal 68 s sd 4 s, gear-b: lognormal 60 s sd 4 s}
products:
  gear-a: {route: [load, turn, grind], release: {every: exp 52 s}}
`;
