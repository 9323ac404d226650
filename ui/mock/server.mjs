// server.mjs - a MOCK of the server: fixed data behind the same addresses, for the page's tests and
// screenshots. Nothing here decides anything.
//
//   node mock/server.mjs [PORT]      then open the address that it prints
import {createServer} from 'node:http';
import {readFileSync} from 'node:fs';
import {dirname, extname, join, normalize} from 'node:path';
import {fileURLToPath} from 'node:url';
import {makeModels, predictedOf, truthOf} from './models.mjs';
import * as data from './plant.mjs';
import {makePool, rackOf, refresh, usageOf} from './pool.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const kinds = {'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml', '.txt': 'text/plain; charset=utf-8'};
export const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export async function startMock({port = 0, role = 'engineer', healthy = false, stations = 0, assets = process.env.LINESHAFT_ASSETS ?? join(here, '../../src/web/assets'),
  demo = true, speed = 1, frozen = false, brings = false, pool: poolAs = null, only = false, models = true} = {}) {
  const plant = stations ? data.large(stations) : data.gearbox();
  const born = Date.now(), first = data.startUs + 6 * 3600e6;
  const now = () => first + (frozen ? 0 : Math.round((Date.now() - born) * 1e3 * speed));
  const wall = () => frozen ? first : Date.now() * 1000;
  // A pool beside the plant, or (`only`) a pool's daemon without one.
  const made = poolAs || only ? makePool({now: wall(), ...(poolAs ?? {})}) : null;
  const mock = {
    ...(made ?? {}), poolStreams: new Set(), cancelled: [], account: null,
    modelDeeds: [], models: models ? makeModels({now: first}) : [], role, stands: [], deeds: [], entries: [], wall, rows: data.rows(first), silent: false, refuse: false, expire: false, reviews: [], notes: [], saved: [], asked: [], streams: new Set(),
    state: data.state(plant, first, healthy), file: {text: data.plantText, hash: 'h1', file: 'cell.yaml'}, delayMs: 0, plant, now,
    send(event, body) {
      for (const s of mock.streams) s.write(`event: ${event}\nid: ${mock.state.seq}\ndata: ${JSON.stringify(body)}\n\n`);
    },
    // Changes one machine, as the real stream tells it.
    change(station, machine, state, queue) {
      const s = mock.state.stations[station];
      s.machines[machine].state = state;
      s.machines[machine].since_us = now();
      if (queue !== undefined) s.queue = queue;
      mock.state.seq++;
      mock.send('state', {seq: mock.state.seq, t: now(), s: [[station, s.queue, s.working]], m: [[station, machine, state, now(), '', null, null]]});
    },
    sendPool(event, body) {
      for (const s of mock.poolStreams) s.write(`event: ${event}\nid: ${mock.pool.seq}\ndata: ${JSON.stringify(body)}\n\n`);
    },
    // Tells what has changed in the pool: places in its accounts and racks.
    changePool({accounts = [], racks = [], queue = false} = {}) {
      refresh(mock.pool, mock.jobs);
      mock.pool.seq++;
      const r = mock.pool.racks;
      mock.sendPool('change', {seq: mock.pool.seq, t: wall(), gpus: mock.pool.gpus, jobs: mock.pool.jobs, queue,
        a: accounts.map((i) => [i, ...['used', 'borrowed', 'unused', 'running', 'waiting', 'waiting_gpus'].map((k) => mock.pool.accounts[i][k])]),
        r: racks.map((i) => [i, r.used[i], r.borrowed[i], r.reserved[i], r.drained[i], r.broken[i], r.spare[i]])});
    },
    cut() {  // as a pulled plug: the streams stay open and say nothing, and nothing is answered
      mock.silent = true;
    },
    async stop() {
      clearInterval(beat);
      for (const s of [...mock.streams, ...mock.poolStreams]) s.end();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  const beat = setInterval(() => {
    if (mock.silent) return;
    if (made) mock.sendPool('beat', {t: wall(), seq: mock.pool.seq});
    mock.send('beat', {t: now(), seq: mock.state.seq});
    mock.send('kpi', {kpi: mock.state.kpi, lines: demo ? mock.state.lines : null, difference: mock.state.difference,
      link: mock.state.link, in_step: mock.state.in_step, certainty: mock.state.certainty});
  }, 1000);
  const server = createServer((request, response) => void serve(request, response).catch((e) => {
    response.writeHead(500).end(String(e));
  }));

  async function serve(request, response) {
    const url = new URL(request.url, 'http://mock'), path = url.pathname;
    mock.asked.push({method: request.method, path, query: url.searchParams});
    if (mock.silent) return void (path.endsWith('/stream') ? 0 : request.socket.destroy());
    let body = '';
    for await (const part of request) body += part;
    const json = (value, status = 200) => {
      response.writeHead(status, {'Content-Type': 'application/json'});
      response.end(JSON.stringify(value));
    };
    const fail = (status, code, text, text_ko) => json({error: {code, text, text_ko, id: 'r-17'}}, status);
    if (path === '/' || path.startsWith('/assets/')) return file(path, response);
    if (mock.refuse) return fail(401, 'token', 'This needs a token.', '토큰이 필요합니다.');
    const api = path.replace('/api/v1/', ''), asked = body ? JSON.parse(body) : {};
    const found = /^decisions\/([^/]+)(?:\/(approve|reject|hold))?$/.exec(api);
    if (made && (api === 'pool' || api.startsWith('pool/'))) return pool(api.slice(5), url.searchParams, asked, request.method, response, json, fail);
    if (only && api !== 'me') return fail(404, 'unknown', 'There is no plant here.', '여기에는 공장이 없습니다.');
    if (api === 'stream') return stream(response);
    if (api === 'me') return json(me());
    if (api === 'plant') return json(plant);
    if (api === 'state') return json(snapshot());
    if (api === 'guard') return mock.state.link.guard ? json({guards: data.guards, stands: mock.stands}) : fail(503, 'busy', 'The guard is away.', '안전 검사가 응답하지 않습니다.');
    if (api === 'entries') {
      mock.entries.push(asked);
      return asked.class === 'no' ? fail(409, 'refused', 'no lot of it waits in its order pool') : json({id: 'd-900'});
    }
    if (api.startsWith('guard/')) return deed(api.slice('guard/'.length), asked, json, fail);
    if (api === 'prove') return json(data.account);
    if (api === 'models') return json({models: mock.models.map(({versions, explained, ...m}) => m)});
    if (api.startsWith('models/')) return model(...api.slice('models/'.length).split('/'), asked, json, fail);
    if (api === 'decisions') return json({rows: url.searchParams.get('before_us') ? [] : mock.rows});
    if (found && !['summary'].includes(found[1])) return review(found[1], found[2], asked, json, fail);
    if (api === 'history/tags') return json({tags: ['grind-1/speed', 'wash/temperature', 'grind-1/state', 'load/count']
      .filter((n) => n.includes((url.searchParams.get('match') ?? '').replaceAll('*', '')))
      .map((name) => ({name, unit: name.includes('speed') ? 'm/s' : name.includes('temp') ? '°C' : null, kind: name.includes('state') ? 'text' : 'real', last_us: now()}))});
    if (api === 'history') return json(past(url.searchParams));
    if (api === 'forecast') return json(data.forecast(now(), Number(url.searchParams.get('hours') ?? 8)));
    if (api === 'whatif') return whatif(asked, json, fail);
    if (api === 'plant/file' && request.method === 'GET') return json(mock.file);
    if (api === 'plant/check') return json({errors: check(asked.text)});
    if (api === 'plant/file') {
      if (asked.hash !== mock.file.hash) return fail(409, 'changed', 'Someone else saved.', '다른 사용자가 저장했습니다.');
      mock.saved.push(asked.text);
      mock.file = {...mock.file, text: asked.text, hash: `h${mock.saved.length + 1}`};
      return json(mock.file);
    }
    if (api === 'notes') {
      mock.notes.push(asked);
      return json({}, 200);
    }
    return fail(404, 'unknown', 'There is no such address.', '없는 주소입니다.');
  }

  const me = () => only ? {role: mock.role, version: '0.3.0', plant: null, pool: mock.pool.name, account: mock.account, now_us: wall(), zone: 'UTC'} : ({role: mock.role, version: '0.3.0', pool: mock.pool?.name ?? null, account: mock.account, plant: plant.name, emulated: demo, demo: demo ? {speed: 60} : null,
    now_us: wall(), line_now_us: now(), zone: 'UTC'});
  // What the real server puts into the page for who shows a token (src/web/page.c).
  const withData = (html) => html.replace(/<!--ask-->.*?<!--\/ask-->/s, '').replace('</body>',
    () => `<script type="application/json" id="first">${JSON.stringify(only ? {me: me(), pool: mock.pool} : {me: me(), plant, state: snapshot(), rows: mock.rows}).replaceAll('<', '\\u003c')}</script>\n</body>`);

  const snapshot = () => ({...mock.state, line_now_us: now(), lines: demo ? mock.state.lines : null, difference: mock.state.difference});

  function file(path, response) {
    const name = path === '/' ? 'index.html' : normalize(path.slice('/assets/'.length));
    let bytes;
    try {
      if (name.includes('..')) throw new Error('outside');
      bytes = readFileSync(join(assets, name));
    } catch {
      return void response.writeHead(404).end();
    }
    response.writeHead(200, {'Content-Type': kinds[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': csp, 'Cache-Control': 'no-store'});
    response.end(brings && path === '/' ? withData(bytes.toString()) : bytes);
  }

  function stream(response) {
    response.writeHead(200, {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store'});
    mock.streams.add(response);
    response.on('close', () => mock.streams.delete(response));
    response.write(`event: snapshot\nid: ${mock.state.seq}\ndata: ${JSON.stringify(snapshot())}\n\n`);
  }

  // As src/web/pool_openapi.yaml says.
  async function pool(path, query, asked, method, response, json, fail) {
    const of = (part) => query.get(part) ?? '', below = (a, b) => !b || a === b || a.startsWith(`${b}.`);
    mock.pool.now_us = wall();
    if (path === '') return json(mock.pool);
    if (path === 'stream') {
      response.writeHead(200, {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store'});
      mock.poolStreams.add(response);
      response.on('close', () => mock.poolStreams.delete(response));
      return void response.write(`event: pool\nid: ${mock.pool.seq}\ndata: ${JSON.stringify(mock.pool)}\n\n`);
    }
    if (path === 'accounts') return json({accounts: (mock.more ?? []).filter((a) => a.path.startsWith(`${of('below')}.`)), next: null});
    if (path.startsWith('rack/')) {
      const rack = rackOf(mock.pool, mock.jobs, decodeURIComponent(path.slice(5)));
      return rack ? json(rack) : fail(404, 'unknown', 'There is no such rack.', '없는 랙입니다.');
    }
    if (path === 'usage') return json(usageOf(mock.pool, of('account'), Number(of('from_us')), Number(of('to_us')), Number(of('step_s'))));
    if (path === 'acts') return json({acts: mock.acts.slice(0, Number(of('limit') || 100)), more: false});
    if (path === 'jobs') {
      const states = (of('state') || 'waiting,running,stopping').split(',');
      const found = mock.jobs.filter((j) => states.includes(j.state) && below(j.account, of('account'))).sort((a, b) => a.submitted_us - b.submitted_us);
      const limit = Number(of('limit') || 50);
      return json({jobs: found.slice(0, limit), total: found.length, next: found.length > limit ? String(limit) : null});
    }
    const cancel = /^jobs\/(\d+)\/cancel$/.exec(path);
    const job = mock.jobs.find((j) => j.id === cancel?.[1]);
    if (!job || method !== 'POST') return fail(404, 'unknown', 'There is no such address.', '없는 주소입니다.');
    mock.cancelled.push(job.id);
    if (mock.role === 'viewer') return fail(403, 'role', 'This needs the role operator.', '작업자 권한이 필요합니다.');
    if (mock.delayMs) await new Promise((done) => setTimeout(done, mock.delayMs));
    if (!['waiting', 'running'].includes(job.state)) return fail(409, 'refused', `Job ${job.id} is over.`, `${job.id}번 작업은 이미 끝났습니다.`);
    Object.assign(job, {state: job.state === 'waiting' ? 'cancelled' : 'stopping', since_us: wall(), why: null, ended_us: job.state === 'waiting' ? wall() : null});
    mock.changePool({queue: true});
    return json(job);
  }

  async function review(id, act, asked, json, fail) {
    const row = mock.rows.find((r) => r.id === id);
    if (!row) return fail(404, 'unknown', `There is no decision ${id}.`, '결정을 찾을 수 없습니다.');
    if (!act) return json(row);
    mock.reviews.push({id, act, ...asked});
    if (mock.role === 'viewer') return fail(403, 'role', 'This needs the role operator.', '작업자 권한이 필요합니다.');
    if (mock.delayMs) await new Promise((done) => setTimeout(done, mock.delayMs));
    if (mock.expire || asked.version !== row.version) return fail(409, 'expired', 'This proposal expired at 14:05. The line kept its own rule.',
      '제안 기한이 14:05에 지났습니다. 라인은 기존 규칙을 유지했습니다.');
    Object.assign(row, {version: row.version + 1, state: {approve: 'approved', reject: 'rejected', hold: 'held'}[act]});
    mock.send('decision', row);
    return json(row);
  }

  async function model(name, act, asked, json, fail) {
    const of = mock.models.find((m) => m.name === decodeURIComponent(name));
    if (typeof act === 'object') [act, asked, json, fail] = [undefined, act, asked, json];
    if (!of) return fail(404, 'unknown', 'There is no such model.', '없는 모델입니다.');
    if (!act) return json(of);
    mock.modelDeeds.push({name: of.name, act, ...asked});
    if (act === 'acknowledge') {
      const alarm = of.live.find((l) => l.unit === asked.unit)?.alarm;
      if (mock.role === 'viewer') return fail(403, 'role', 'This needs the role operator.', '작업자 권한이 필요합니다.');
      if (alarm?.since_us !== asked.since_us) return fail(409, 'changed', `no alarm stands any more of '${asked.unit}'`, '그 사이 바뀌었습니다.');
      alarm.acknowledged ??= {time_us: alarm.since_us + 300e6, by: `${mock.role} from 127.0.0.1`, text: asked.text ?? ''};
      return json(alarm);
    }
    if (mock.role !== 'engineer') return fail(403, 'role', 'This needs the role engineer.', '엔지니어 권한이 필요합니다.');
    if (mock.delayMs) await new Promise((done) => setTimeout(done, mock.delayMs));
    if (mock.expire) return fail(409, 'refused', 'Its shadow was lost meanwhile.', '그 사이 섀도 실행에서 탈락했습니다.');
    if (act === 'promote') {
      for (const v of of.versions) v.stage = v.number === asked.version ? 'champion' : v.stage === 'champion' ? 'retired' : v.stage;
      Object.assign(of, {champion: asked.version, serving: asked.version, challenger: null, shadow: null, training: of.training && {...of.training, offer: null}});
    } else if (act === 'rollback') Object.assign(of, {champion: 2, serving: 2});
    else if (act === 'retrain') of.training = {...of.training, state: 'waiting', reason: 'asked'};
    else return fail(404, 'unknown', 'There is no such address.', '없는 주소입니다.');
    return json({});
  }

  // As the guard does: by role and by what stands.
  async function deed(name, asked, json, fail) {
    mock.deeds.push({name, ...asked});
    if (mock.role === 'viewer') return fail(403, 'role', 'This needs the role operator.', '작업자 권한이 필요합니다.');
    if (mock.delayMs) await new Promise((done) => setTimeout(done, mock.delayMs));
    if (['bypass', 'end-bypass', 'revoke'].includes(name) && mock.role !== 'engineer') return fail(409, 'refused', 'that takes an engineer', '엔지니어만 할 수 있습니다');
    const put = (kind, more) => mock.stands.push(data.standing(kind, {who: `${asked.who ? `${asked.who}, ` : ''}${mock.role}@127.0.0.1`, role: mock.role, since_us: wall(), ...more}));
    const drop = (is) => {
      const kept = mock.stands.filter((s) => !is(s)), gone = kept.length < mock.stands.length;
      mock.stands = kept;
      return gone;
    };
    let done = true;
    if (name === 'hold') put('hold', {what: asked.what});
    else if (name === 'lift') done = drop((s) => s.kind === 'hold' && s.what === asked.what);
    else if (name === 'bypass') {
      if (!asked.reason) return fail(409, 'refused', 'a bypass needs a reason', '우회에는 사유가 필요합니다');
      if (asked.for_s > 14400) return fail(409, 'refused', 'a bypass lasts at most 4.0 h (guards: bypass)', '우회는 최대 4.0시간입니다 (guards: bypass)');
      put('bypass', {guard: asked.guard, reason: asked.reason, until_us: wall() + asked.for_s * 1e6});
    } else if (name === 'end-bypass') done = drop((s) => s.kind === 'bypass' && s.guard === asked.guard);
    else if (name === 're-arm') done = drop((s) => (s.kind === 'interlock' || s.kind === 'foreign') && s.what === asked.what);
    else if (name === 'reset') done = drop((s) => s.kind === 'trips');
    else if (name === 'revoke') put('revoked', {what: asked.what, who: ''});
    else return fail(404, 'unknown', `there is no '${name}'`, '없는 조치입니다.');
    return done ? json({stands: mock.stands}) : fail(409, 'refused', `'${asked.what ?? asked.guard ?? ''}' does not stand`, '해당하는 조치가 없습니다');
  }

  function past(query) {
    const from = Number(query.get('from_us')), to = Number(query.get('to_us')), points = Math.min(1200, Number(query.get('points') || 600));
    const gap = [from + (to - from) * 0.4, from + (to - from) * 0.5];
    return {
      tags: query.get('tags').split(',').filter(Boolean).map((name, k) => name.startsWith('model/') || name.startsWith('cell/') ? modelled(name, from, to, points) : ({
        name, unit: name.includes('speed') ? 'm/s' : name.includes('temp') ? '°C' : null,
        points: Array.from({length: points}, (_, i) => from + (to - from) * i / points).filter((us) => us < gap[0] || us > gap[1]).map((us) => {
          const v = (k ? 62 : 1.2) + (k ? 2 : 0.2) * Math.sin((us - from) / (to - from) * 19 + k);
          return [Math.round(us), v, v * 0.97, v * 1.03, 'good'];
        }),
        gaps: [gap.map(Math.round)],
      })),
      events: [{time_us: Math.round(from + (to - from) * 0.7), kind: 'down', subject: 'turn-2', text: 'chips'}],
    };
  }

  // Predictions every five minutes; truth of every column.
  function modelled(name, from, to, points) {
    const step = Math.ceil((to - from) / points), of = (us) => us > now() ? null : name.startsWith('cell/') ? truthOf(name, us) : predictedOf(name, us, 600e6);
    return {name, unit: null, gaps: [], points: Array.from({length: points}, (_, i) => from + i * step).map((us) => [us, of(us)]).filter(([, v]) => v !== null).map(([us, v]) => [us, v, v, v, 'good'])};
  }

  function whatif(asked, json, fail) {
    if (asked.set.some((c) => !c.path.startsWith('stations.'))) return fail(400, 'path', `unknown path '${asked.set[0].path}'`, `알 수 없는 항목: ${asked.set[0].path}`);
    return json({
      as_is: {made: {mean: 806, low: 780, high: 829}, wip: {mean: 63, low: 58, high: 68}},
      what_if: {made: {mean: 851, low: 822, high: 876}, wip: {mean: 62.8, low: 57, high: 68}},
      difference: {made: {mean: 45, low: 38, high: 52}, wip: {mean: -0.2, low: -1.4, high: 1.0}},
      bands: {as_is: data.forecast(now(), asked.hours), what_if: data.forecast(now(), asked.hours, 1.1)}, futures: asked.futures, seed: 7, from: 'present', origin_us: now(), hash: '3f2a9c51d07b4e18'});
  }

  function check(text) {
    const errors = [];
    text.split('\n').forEach((line, i) => {
      const at = line.indexOf('weldr');
      if (at >= 0) errors.push({line: i + 1, column: at + 1, text: "unknown station 'weldr'", hint: "did you mean 'welder'?"});
    });
    return errors;
  }

  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  mock.url = `http://127.0.0.1:${server.address().port}/`;
  return mock;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({port: Number(process.argv[2] ?? 0), pool: {}});
  console.log(`MOCK server: ${mock.url}`);
}
