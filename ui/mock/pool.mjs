// pool.mjs - made-up data of the MOCK: a pool as src/web/pool_openapi.yaml says it. Its sums add up, as the
// real one's do; nothing is scheduled here.

// A fixed dice, so that every test and screenshot sees the same.
function dice(seed) {
  let s = seed >>> 0;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s / 2 ** 32;
  };
}

const parts = ['used', 'borrowed', 'reserved', 'drained', 'broken', 'spare'];
const sumOf = (list) => list.reduce((a, b) => a + b, 0);
const owners = ['vehicles', 'electronics', 'heavy', 'research', 'chemicals'];
const suppliers = ['castings', 'harness', 'bearings', 'seals', 'glass', 'seats', 'pumps', 'moulds', 'coatings', 'gears', 'motors', 'valves'];

function account(path, guarantee, more = {}) {
  return {path, children: 0, guarantee, guarantees: [{kind: null, gpus: guarantee}], limit: null, limits: [], weight: 1, can_borrow: true, reclaim_s: 600,
    used: 0, used_by_kind: [0], borrowed: 0, unused: guarantee, running: 0, stopping: 0, waiting: 0, waiting_gpus: 0, ...more};
}

// Sums of the accounts above, and what each borrows by itself.
function addUp(accounts) {
  const at = new Map(accounts.map((a) => [a.path, a]));
  for (const a of accounts) if (a.children > 0) Object.assign(a, {used: 0, running: 0, waiting: 0, waiting_gpus: 0});
  for (const a of [...accounts].reverse()) {
    const above = at.get(a.path.slice(0, Math.max(0, a.path.lastIndexOf('.'))));
    a.borrowed = Math.max(0, a.used - a.guarantee);
    a.unused = Math.max(0, a.guarantee - a.used);
    a.used_by_kind = [a.used];
    if (above) for (const key of ['used', 'running', 'waiting', 'waiting_gpus']) above[key] += a[key];
  }
}

// `owners` x `each` suppliers over `racks` racks of `nodes` x `gpus`.
export function makePool({racks = 3614, nodes = 18, gpus = 4, ownersMost = 5, each = 200, name = 'national', now = 0, kind = 'gb200-nvl72', slots = false, fill = 74} = {}) {
  const roll = dice(7), rack = {units: [], name: [], kind: [], nodes: [], gpus: [], used: [], borrowed: [], reserved: [], drained: [], broken: [], spare: []};
  for (let i = 0; i < racks; i++) {
    rack.name.push(racks === 1 ? '-' : `rack${i + 1}`);
    rack.kind.push(0);
    rack.nodes.push(nodes);
    rack.gpus.push(nodes * gpus);
    const out = (chance) => roll() < chance ? gpus * (1 + Math.floor(roll() * 3)) : 0;
    rack.spare.push(nodes > 4 ? gpus : 0);
    rack.broken.push(racks === 1 ? 0 : out(0.006));
    rack.drained.push(i % 997 === 500 ? nodes * gpus - rack.spare[i] - rack.broken[i] : 0);
    rack.reserved.push(i > racks - 6 && racks > 100 ? 4 * gpus : 0);
    const room = rack.gpus[i] - rack.spare[i] - rack.broken[i] - rack.drained[i] - rack.reserved[i];
    rack.used.push(roll() < 0.86 ? room : Math.floor(room * roll()));
    rack.borrowed.push(0);
  }
  if (racks > 40) for (let h = 0, at = 0; at < racks; h++) {
    const count = Math.min(720, racks - at);
    rack.units.push({name: `hall${h + 1}`, level: 'hall', at, count});
    for (let r = at; r < at + count; r += 36) rack.units.push({name: `row${rack.units.filter((u) => u.level === 'row').length + 1}`, level: 'row', at: r, count: Math.min(36, at + count - r)});
    at += count;
  }
  const all = sumOf(rack.gpus), used = sumOf(rack.used), accounts = [];
  const chosen = owners.slice(0, ownersMost), leaves = [];
  for (const [o, owner] of chosen.entries()) {
    const share = Math.floor(all * 0.9 / chosen.length);
    accounts.push(account(owner, share, {children: each + 1}));
    for (let k = 0; k <= each; k++) {
      const leaf = k === 0 ? account(`${owner}.own`, Math.floor(share * 0.6), {weight: 4})
        : account(`${owner}.${suppliers[(k - 1) % suppliers.length]}${k > suppliers.length ? `-${Math.ceil(k / suppliers.length)}` : ''}`, Math.floor(share * 0.4 / each), {limit: k % 3 === 0 ? 4 * Math.floor(share * 0.4 / each) : null, can_borrow: k % 11 !== 10});
      accounts.push(leaf);
      leaves.push({leaf, wish: leaf.guarantee * (0.4 + 0.9 * roll()) * (o === 1 && k === 0 ? 1.5 : 1)});
    }
  }
  const wishes = sumOf(leaves.map((l) => l.wish));
  let left = used;
  for (const {leaf, wish} of leaves) {
    const most = Math.min(leaf.limit ?? Infinity, leaf.can_borrow ? Infinity : leaf.guarantee);
    leaf.used = Math.min(left, most, Math.floor(used * wish / wishes));
    leaf.running = leaf.used > 0 ? 1 + Math.floor(leaf.used / 64) : 0;
    left -= leaf.used;
  }
  leaves[0].leaf.used += left;  // it has no limit
  addUp(accounts);
  let borrowed = sumOf(leaves.map(({leaf}) => leaf.borrowed));
  for (let i = 0; i < racks && borrowed > 0; i += 1) {
    const k = (i * 7) % racks, take = Math.min(rack.used[k] - rack.borrowed[k], borrowed);
    rack.borrowed[k] += take;
    borrowed -= take;
  }
  const jobs = makeJobs(leaves.map((l) => l.leaf), rack, now, fill);
  addUp(accounts);
  const pool = {name, about: '', seq: 1, now_us: now, since_us: now - 3 * 86400e6, place: 'machine', kinds: [{name: kind, gpus: all, slots, memory_mib: slots ? null : 190464, watts: slots ? null : 1200}],
    gpus: {}, jobs: {}, accounts, racks: rack};
  refresh(pool, jobs);
  return {pool, jobs, acts: makeActs(now, leaves.map((l) => l.leaf))};
}

// The sums of the whole from those of its parts.
export function refresh(pool, jobs) {
  const g = Object.fromEntries(parts.map((p) => [p, sumOf(pool.racks[p])]));
  const all = sumOf(pool.racks.gpus);
  Object.assign(pool.gpus, {all, ...g, free: all - g.used - g.reserved - g.drained - g.broken - g.spare});
  const waiting = jobs.filter((j) => j.state === 'waiting');
  Object.assign(pool.jobs, {waiting: waiting.length, waiting_gpus: sumOf(waiting.map((j) => j.gpus)), running: jobs.filter((j) => j.state === 'running').length, stopping: jobs.filter((j) => j.state === 'stopping').length});
}

export function job(id, account, gpus, state, now, more = {}) {
  return {id: String(id), name: `train-${id}`, account, who: 'kim, operator@192.0.2.7', command: ['python', 'train.py', '--config', `c${id}.yaml`], state, since_us: now, submitted_us: now, started_us: null,
    ended_us: null, most_s: 86400, deadline_us: null, priority: 100, shape: {parts: Math.max(1, gpus / 4), gpus: Math.min(4, gpus), cpus: 16, memory_mib: 65536, gpu_mib: 0, kinds: [], within: null, must: false, spread: false},
    gpus, borrowed: 0, nodes: [], node_count: 0, restarts: 0, lost_gpu_s: 0, exit: null, why: null, earliest_us: null, promised_us: null, ...more};
}

function makeJobs(leaves, racks, now, fill) {
  const jobs = [], min = 60e6, of = (k) => leaves[k % leaves.length].path;
  const wait = (id, k, gpus, minutes, why, more = {}) => jobs.push(job(id, of(k), gpus, 'waiting', now - minutes * min, {why, ...more}));
  wait(8812, 1, 64, 18, {code: 'guarantee', text: `Account ${of(1)} uses all ${leaves[1].guarantee} guaranteed GPUs, and it would have to borrow 64 where 21 are free.`,
    text_ko: `${of(1)} 계정이 보장량 ${leaves[1].guarantee} GPU를 모두 쓰고 있습니다. 64개를 빌려야 하는데 여유는 21개입니다.`}, {earliest_us: now + 10 * min, promised_us: now + 55 * min});
  wait(8790, 203, 8192, 95, {code: 'promised', text: '6,912 free GPUs are kept for job 8655 until 16:10; 8,192 are wanted and 1,024 others are free.',
    text_ko: '여유 GPU 6,912개는 8655번 작업 몫으로 16:10까지 비워 둡니다. 8,192개가 필요하고 남은 여유는 1,024개입니다.', job: '8655', by_us: now + 130 * min}, {promised_us: now + 190 * min, shape: {parts: 2048, gpus: 4, cpus: 16, memory_mib: 65536, gpu_mib: 0, kinds: [], within: 'hall', must: true, spread: false}});
  wait(8820, 5, 72, 7, {code: 'place', text: 'Enough GPUs are free, but no NVLink domain has 72 together: the most is 68.', text_ko: '여유 GPU는 충분하지만 72개가 모두 비어 있는 NVLink 도메인이 없습니다. 가장 많은 곳이 68개입니다.', wants: 72, most: 68, within: 'domain'},
    {shape: {parts: 18, gpus: 4, cpus: 16, memory_mib: 65536, gpu_mib: 0, kinds: [], within: 'domain', must: true, spread: false}, earliest_us: now + 42 * min});
  wait(8826, 9, 16, 3, {code: 'reclaim', text: '16 GPUs that electronics.own borrowed are given back by 14:17.', text_ko: 'electronics.own 계정이 빌린 GPU 16개를 14:17까지 회수합니다.', by_us: now + 10 * min}, {promised_us: now + 10 * min});
  wait(8827, 6, 320, 2, {code: 'limit', text: 'Account vehicles.seats may hold at most 396 GPUs and holds 120; 320 more are too many.', text_ko: 'vehicles.seats 계정의 상한은 396 GPU이고 지금 120개를 쓰고 있어 320개를 더 쓸 수 없습니다.'});
  wait(8301, 12, 1024, 2900, {code: 'never', text: 'It can never run: 1,024 GPUs of 282 GiB are wanted, and no GPU here has more than 186 GiB.', text_ko: '실행할 수 없습니다. 메모리 282 GiB인 GPU 1,024개가 필요하지만 여기에는 186 GiB를 넘는 GPU가 없습니다.'});
  const codes = [['free', 'Fewer GPUs are free than it wants.', '여유 GPU가 부족합니다.'], ['turn', '3 jobs of accounts that hold less go first.', '더 적게 쓰고 있는 계정의 작업 3개가 먼저입니다.'], ['priority', '2 jobs of its own account go first.', '같은 계정의 작업 2개가 먼저입니다.'], ['drained', 'The GPUs that would do are drained.', '맞는 GPU가 드레인되어 있습니다.']];
  for (let i = 0; i < fill; i++) {
    const [code, text, text_ko] = codes[i % 4];
    wait(8900 + i, 14 + i * 3, 8 << (i % 5), 1 + i, {code, text, text_ko}, i % 3 ? {earliest_us: now + (5 + i) * min} : {});
  }
  let k = 0;
  for (let i = 0; i < 160; i++) {
    const size = [8, 16, 32, 72, 288][i % 5], nodes = Math.ceil(size / 4);
    jobs.push(job(7000 + i, of(i * 6), size, i === 3 ? 'stopping' : 'running', now - (5 + i * 7) * min, {submitted_us: now - (20 + i * 8) * min, started_us: now - (5 + i * 7) * min, borrowed: i % 7 === 0 ? size / 2 : 0, restarts: i % 13 === 0 ? 1 : 0, lost_gpu_s: i % 13 === 0 ? 5400 : 0,
      node_count: nodes, nodes: Array.from({length: Math.min(16, nodes)}, (_, n) => `node${(k + n) % (racks.name.length * 18) + 1}`), why: i === 3 ? {code: 'reclaim', text: 'It gives back what it borrowed for job 8826.', text_ko: '빌린 GPU를 8826번 작업에 돌려주고 있습니다.', job: '8826'} : null}));
    k += nodes;
  }
  Object.assign(jobs.find((j) => j.id === '7150'), {elastic: 3});
  Object.assign(jobs.find((j) => j.id === '7155'), {spot: true, leader: '7150'});
  Object.assign(jobs.find((j) => j.id === '7158'), {spot: true});
  for (let i = 0; i < 30; i++) jobs.push(job(6900 - i, of(i * 4), 8, ['done', 'done', 'failed', 'cancelled'][i % 4], now - i * 11 * min, {ended_us: now - i * 11 * min, started_us: now - (60 + i * 11) * min, exit: i % 4 === 2 ? 1 : i % 4 === 3 ? -15 : 0, ...(i % 4 === 2 ? {note: 'it ran longer than it may'} : {})}));
  for (const j of jobs) if (j.state === 'waiting') {
    const a = leaves.find((l) => l.path === j.account);
    a.waiting++;
    a.waiting_gpus += j.gpus;
  }
  return jobs;
}

function makeActs(now, leaves) {
  const acts = [], min = 60e6;
  const add = (minutes, kind, text, text_ko, more = {}) => acts.push({seq: 0, at_us: now - minutes * min, kind, text, text_ko, ...more});
  add(3, 'reclaim', 'electronics.own gives 16 GPUs back to vehicles.coatings, for job 8826: they are within its guarantee of 99, and it asked 7 min ago. Job 7003 is stopped, 3 min after its last checkpoint.',
    'electronics.own 계정이 vehicles.coatings 계정의 8826번 작업을 위해 GPU 16개를 돌려줍니다. 보장량 99개 안이고 7분 전에 요청했습니다. 7003번 작업은 마지막 체크포인트 3분 뒤에 멈춥니다.',
    {job: '7003', account: 'electronics.own', gpus: 16, to_job: '8826', to_account: 'vehicles.coatings', lost_gpu_s: 2880});
  add(21, 'reclaim', 'heavy.own gives 64 GPUs back to research.castings, for job 8710. Job 6988 saved first and lost nothing.', 'heavy.own 계정이 research.castings 계정의 8710번 작업을 위해 GPU 64개를 돌려줍니다. 6988번 작업은 먼저 저장해 손실이 없습니다.',
    {job: '6988', account: 'heavy.own', gpus: 64, to_job: '8710', to_account: 'research.castings', lost_gpu_s: 0});
  add(12, 'broken', 'Node node210 broke down; spare node216 took its place. Job 7011 began again from 18 min before.', 'node210 노드가 고장 나 예비 노드 node216이 대신합니다. 7011번 작업은 18분 전 상태에서 다시 시작했습니다.', {node: 'node210', spare: 'node216', job: '7011', account: leaves[3 % leaves.length].path, gpus: 4, lost_gpu_s: 4320});
  add(33, 'drain', 'Rack rack501 is drained: its jobs finish, no new one starts there.', 'rack501 랙을 드레인합니다. 실행 중인 작업은 끝까지 실행하고 새 작업은 배정하지 않습니다.', {who: 'engineer@192.0.2.9'});
  for (let i = 0; i < 60; i++) add(1 + i * 0.9, i % 2 ? 'start' : 'end', i % 2 ? `Job ${7100 + i} of ${leaves[i % leaves.length].path} starts on 8 GPUs: its turn.` : `Job ${7000 + i} of ${leaves[i % leaves.length].path} is done.`,
    i % 2 ? `${leaves[i % leaves.length].path} 계정의 ${7100 + i}번 작업이 GPU 8개에서 시작합니다. 차례가 되었습니다.` : `${leaves[i % leaves.length].path} 계정의 ${7000 + i}번 작업이 끝났습니다.`, {job: String(7000 + i), account: leaves[i % leaves.length].path, gpus: 8, ...(i % 2 ? {why: 'turn'} : {})});
  acts.sort((a, b) => a.at_us - b.at_us).forEach((a, i) => (a.seq = i + 1));
  return acts.reverse();
}

// A rack's nodes, as many of its GPUs in each state as the map says.
export function rackOf(pool, jobs, name) {
  const r = pool.racks, i = r.name.indexOf(name);
  if (i < 0) return null;
  const per = Math.round(r.gpus[i] / r.nodes[i]), units = r.units.filter((u) => i >= u.at && i < u.at + u.count).map((u) => u.name);
  let [used, borrowed, drained, broken, spare, reserved] = ['used', 'borrowed', 'drained', 'broken', 'spare', 'reserved'].map((p) => r[p][i]);
  const here = used > 0 ? jobs.filter((j) => j.state === 'running').slice(i % 20, i % 20 + 3) : [];
  const nodes = Array.from({length: r.nodes[i]}, (_, k) => {
    const alone = drained < per ? drained : 0;  // GPUs, not a node
    const state = broken > 0 ? 'broken' : drained > 0 && !alone ? 'drained' : spare > 0 && used < (r.nodes[i] - k) * per ? 'spare' : 'up';
    const node = {name: `node${i * r.nodes[i] + k + 1}`, kind: pool.kinds[0].name, domain: `${name}-domain`, state, reserved_for: null, gpus: [],
      ...(state === 'broken' ? {since_us: pool.now_us - 12 * 60e6, about: 'GPU 2: Xid 79'} : {})};
    if (state === 'broken') broken -= per;
    if (state === 'drained') drained -= per;
    if (state === 'spare') spare -= per;
    const keep = state === 'up' && used === 0 && reserved > 0;
    if (keep) (reserved -= per, node.reserved_for = pool.accounts[0].path);
    drained -= alone;
    for (let g = 0; g < alone; g++) node.gpus.push({used: 0, borrowed: 0, jobs: [], out: true});
    for (let g = alone; g < per; g++) {
      const share = state === 'up' && used > 0 ? Math.min(1, used) : 0, lent = share > 0 && borrowed >= used - 1e-9 ? share : 0;
      used -= share;
      borrowed -= lent;
      node.gpus.push({used: share, borrowed: lent, jobs: share > 0 && here.length ? [here[(k * per + g) % here.length].id] : []});
    }
    return node;
  });
  return {name, units, nodes, jobs: here, next: null};
}

export function usageOf(pool, path, from, to, step) {
  const a = pool.accounts.find((x) => x.path === path), end = a ? a.used : pool.gpus.used, guarantee = a ? a.guarantee : pool.gpus.all - pool.gpus.spare;
  const lent = a ? a.borrowed : pool.gpus.borrowed, every = step || Math.max(1, Math.ceil((to - from) / 300e6)), n = Math.floor((to - from) / (every * 1e6));
  const gap = [from + (to - from) * 0.42, from + (to - from) * 0.46];
  const points = Array.from({length: n}, (_, i) => from + i * every * 1e6).filter((us) => us < gap[0] || us >= gap[1]).map((us) => {
    const wave = 0.9 + 0.1 * Math.cos((to - us) / (to - from) * 17);
    return [Math.round(us), Math.round(end * Math.min(1, wave)), Math.round(lent * wave), Math.round(Math.max(0, guarantee - end * wave)), Math.round((a ? a.waiting_gpus : pool.jobs.waiting_gpus) * (2 - wave)), a ? guarantee : pool.gpus.all - pool.gpus.broken - pool.gpus.drained];
  });
  return {account: path, from_us: from, to_us: to, step_s: every, guarantee, points, gaps: [gap.map(Math.round)]};
}
