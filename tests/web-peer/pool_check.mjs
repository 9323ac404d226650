// pool_check.mjs - compares a pool's daemon that runs jobs with its own description, pool_openapi.yaml,
// and asks it what is wrong.
//
//   node pool_check.mjs URL TOKENS.json MODULES
//
// The pool has the accounts `own` and `guests.castings`. As check.mjs does for a plant's service: every
// operation as described, with a role too low and with none, then made wrong by a fixed dice. Jobs in every
// state are looked at, too: those that run, wait, are done, failed and cancelled, with arrays and after others.
import {contract} from './contract.mjs';

const {ajv, check, ask, compare, asDescribed, notAsDescribed, end} = await contract(process.argv.slice(2));

const post = async (path, body) => JSON.parse((await ask('POST', path, {body: JSON.stringify(body)})).text);
const submit = (more) => post('/api/v1/pool/jobs', {account: 'own', command: ['true'], gpus: 1, grace_s: 0, ...more});
const fits = (schema, value, what) => check(ajv.validate({$ref: `spec#/components/schemas/${schema}`}, value ?? null), `${what}: ${ajv.errorsText()}: ${JSON.stringify(value).slice(0, 300)}`);
const job = async (id) => JSON.parse((await ask('GET', `/api/v1/pool/jobs/${id}`)).text);
async function until(id, state) {
  for (let i = 0; i < 600; i++) {
    const now = await job(id);
    if (now.state === state) return now;
    await new Promise((done) => setTimeout(done, 100));
  }
  check(false, `job ${id} does not come to be ${state} but: ${JSON.stringify(await job(id))}`);
  return {};
}

// ---- jobs in every state

const grows = await submit({command: ['sleep', '1000'], elastic: 2});
check(grows.elastic === 2 && !grows.spot && !grows.leader, `an elastic job: ${JSON.stringify(grows)}`);
fits('Job', grows, 'an elastic job');
const {jobs: now} = JSON.parse((await ask('GET', '/api/v1/pool/jobs')).text), grown = now.filter((j) => j.leader === grows.id);
check(grown.length === 2 && grown.every((j) => j.spot === true), `its parts: ${JSON.stringify(grown)}`);
for (const part of grown) fits('Job', part, 'a part of it'), fits('Job', await until(part.id, 'running'), 'a part that runs');
await post(`/api/v1/pool/jobs/${grows.id}/cancel`, {});
await until(grows.id, 'cancelled');
for (const part of grown) await until(part.id, 'cancelled');
const idle = await submit({spot: true, command: ['sleep', '1000']});
check((await until(idle.id, 'running')).spot === true, 'a spot job');
const stays = await submit({account: 'guests.castings', command: ['sleep', '1000'], gpus: 4, name: 'stays', most_s: 2000});
await until(stays.id, 'running');  // and so the spot job has given way
check((await job(idle.id)).state === 'waiting', 'the spot job waits again');
await post(`/api/v1/pool/jobs/${idle.id}/cancel`, {});
const waits = await submit({account: 'guests.castings', gpus: 4, once: 'one', priority: 7, deadline_s: 60, kinds: ['cpu-slot'], env: ['A=b'], log_mib: 1, saves: true, checkpoint_every_s: 5});
fits('Job', stays, 'a job that runs'), fits('Job', waits, 'a job that waits');
check((await submit({account: 'guests.castings', gpus: 4, once: 'one', priority: 7})).id === waits.id, 'once is once');
const array = await submit({account: 'guests.castings', array: 3, array_first: 5, gpus: 4});
check(array.count === 3 && array.array === array.id, `an array: ${JSON.stringify(array)}`);
fits('Job', array, 'an array'), fits('Job', await job(String(Number(array.id) + 2)), 'its last');
const after = await submit({account: 'guests.castings', after: [array.id]});
fits('Job', after, 'one that waits for others');
check(after.why.code === 'after', `why it waits: ${JSON.stringify(after.why)}`);
for (const id of [waits.id, array.id, String(Number(array.id) + 1), String(Number(array.id) + 2)]) fits('Job', await post(`/api/v1/pool/jobs/${id}/cancel`, {}), 'a cancelled job');
fits('Job', await until(after.id, 'cancelled'), 'one whose others were cancelled');
const own = await submit({command: ['sh', '-c', 'echo here; exit 3'], split_log: true, stop_signal: 'USR1', stop_command: ['true'], restartable: false});
fits('Job', await until(own.id, 'failed'), 'a failed job');
fits('Job', await until((await submit({command: ['true']})).id, 'done'), 'a job that is done');
fits('Job', await until((await submit({command: ['/no/such/program']})).id, 'failed'), 'a job that is not there');
for (const state of ['waiting,running,stopping', 'done', 'failed', 'cancelled', 'lost']) {
  const list = JSON.parse((await ask('GET', `/api/v1/pool/jobs?state=${state}`)).text);
  fits('Jobs', list, `jobs that are ${state}`);
}
const log = await ask('GET', `/api/v1/pool/jobs/${own.id}/log`);
check(log.status === 200 && log.text === 'here\n', `its log: ${log.status} ${log.text}`);

// ---- figures are those of the list of jobs, and of the journal: what was started and is not over

const read = async (path) => JSON.parse((await ask('GET', path)).text);
async function counts() {
  const listed = async (states) => (await read(`/api/v1/pool/jobs?state=${states}&limit=500`)).jobs;
  const {gpus, jobs, accounts} = await read('/api/v1/pool'), running = await listed('running'), waiting = await listed('waiting');
  const {acts, more} = await read('/api/v1/pool/acts?limit=500&kinds=start,end,fail,cancel,reclaim,lost,broken');
  const going = new Set();
  for (const act of [...acts].reverse()) act.kind === 'start' ? going.add(act.job) : going.delete(act.job);
  const held = running.reduce((sum, j) => sum + j.gpus, 0), of = (path) => accounts.find((a) => a.path === path)?.used;
  const wrong = [more && 'the journal has more acts', jobs.stopping > 0 && 'something is stopping',
    jobs.running !== running.length && `${jobs.running} run, ${running.length} are listed`,
    jobs.waiting !== waiting.length && `${jobs.waiting} wait, ${waiting.length} are listed`,
    String([...going].sort()) !== String(running.map((j) => j.id).sort()) && `the journal says that ${[...going]} run`,
    gpus.used !== held && `${gpus.used} GPUs are used, jobs hold ${held}`,
    of('guests') + of('own') !== held && `accounts use ${of('guests')} and ${of('own')} of ${held}`];
  return wrong.filter(Boolean).join('; ');
}
for (let i = 0, wrong = await counts(); ; i++, wrong = await counts()) {  // what is under way comes to rest
  if (!wrong || i === 100) {
    check(!wrong, `counts: ${wrong}`);
    break;
  }
  await new Promise((done) => setTimeout(done, 100));
}

// ---- all of it, as described and not

const pool = JSON.parse((await ask('GET', '/api/v1/pool')).text);
const values = {id: stays.id, name: pool.racks.name[0], account: 'guests', below: 'guests', from_us: pool.now_us - 3600e6, to_us: pool.now_us, limit: 5, kinds: 'start,reclaim', state: 'waiting,running', stream: 'out', step_s: 60};
const bodies = {poolSubmit: {account: 'guests.castings', command: ['true'], name: 'x', gpus: 1, once: 'described', grace_s: 0}, poolCancel: {}, poolAsk: {do: 'jobs', limit: 5}};
values.id = (await submit({account: 'guests.castings', command: ['sleep', '1000'], gpus: 4})).id;  // is cancelled as described
await asDescribed(values, bodies);
for (const [path, status] of [['/api/v1/pool/jobs/0', 404], ['/api/v1/pool/jobs/x', 404], ['/api/v1/pool/jobs/99999999999999999999', 404], ['/api/v1/pool/rack/none', 404], ['/api/v1/pool/usage', 400]]) {
  const answer = await ask('GET', path);
  check(answer.status === status, `${path}: ${answer.status}`);
}
const evil = await ask('POST', '/api/v1/pool/jobs', {body: JSON.stringify(bodies.poolSubmit), headers: {Origin: 'http://evil.example'}});
check(evil.status === 403, `a page of another origin: ${evil.status}`);
values.id = stays.id;
bodies.poolCancel = undefined;
await notAsDescribed(values, {...bodies, poolSubmit: {...bodies.poolSubmit, once: undefined}});

// ---- what is streamed is what the description says

const stream = await ask('GET', '/api/v1/pool/stream');
const first = /event: pool\n(?:id: .*\n)?data: (.*)\n/.exec(stream.text);
if (first) fits('Pool', JSON.parse(first[1]), 'the first event of the stream');

await post(`/api/v1/pool/jobs/${stays.id}/cancel`, {});
await until(stays.id, 'cancelled');
for (const j of JSON.parse((await ask('GET', '/api/v1/pool/jobs?limit=500')).text).jobs) await post(`/api/v1/pool/jobs/${j.id}/cancel`, {});
end();
