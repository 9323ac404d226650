// check.mjs - compares a running service with its own description, and asks it what is wrong.
//
//   node check.mjs URL TOKENS.json MODULES
//
// Every operation of openapi.yaml is asked as described, without a token and with a role too low, and
// every answer must have a status and a body that the description names. Then requests that do not fit
// it, made from its schemas by a fixed dice: each must be answered with 4xx, and the service must
// still be well. Prints what is wrong and `N passed, N failed`.
import {contract} from './contract.mjs';

const {tokens, ajv, check, ask, asDescribed, notAsDescribed, end} = await contract(process.argv.slice(2));

const me = JSON.parse((await ask('GET', '/api/v1/me')).text);
const tags = JSON.parse((await ask('GET', '/api/v1/history/tags?match=**')).text).tags;
const plant = JSON.parse((await ask('GET', '/api/v1/plant')).text);
const file = JSON.parse((await ask('GET', '/api/v1/plant/file')).text);
const rows = JSON.parse((await ask('GET', '/api/v1/decisions')).text).rows;
const values = {
  tags: tags.slice(0, 3).map((t) => t.name).join(','), from_us: me.line_now_us - 3600e6, to_us: me.line_now_us + 1,
  id: rows[0]?.id ?? 'd-1', deed: 'lift', name: 'app.js', topics: 'state,kpi', match: '**', hours: 1, limit: 5, points: 50, open: 0, before_us: me.now_us + 1e6, model: 'wear', version: '1',
};
const question = {id: 'q-1', parameters: {a: 1}, inputs: [{name: 'features', shape: [1, 2], datatype: 'FP32', data: [[1.5, null]]}], outputs: [{name: 'prediction'}]};
const bodies = {
  infer: question, inferVersion: question,
  approve: {version: 1000}, acknowledge: {unit: 'grind-1', since_us: 1}, promoteModel: {version: 1}, rollbackModel: {}, retrainModel: {}, reject: {version: 1000}, hold: {version: 1000}, checkPlant: {text: file.text},
  savePlantFile: {text: file.text, hash: file.hash}, guardDo: {what: '', who: 'check'}, note: {machine: plant.stations[0].machines[0].name, scrap: 1},
  whatIf: {set: [{path: `stations.${plant.stations[0].name}.machines`, value: '2'}], hours: 0.5, futures: 4},
};
await asDescribed(values, bodies);
const stale = await ask('PUT', '/api/v1/plant/file', {body: JSON.stringify({text: file.text, hash: '0'})});
check(stale.status === 409, `saving over somebody else's file: ${stale.status}`);
const broken = await ask('PUT', '/api/v1/plant/file', {body: JSON.stringify({text: 'plant: [', hash: file.hash})});
check(broken.status === 400, `saving a broken file: ${broken.status}`);
const evil = await ask('POST', '/api/v1/notes', {body: JSON.stringify(bodies.note), headers: {Origin: 'http://evil.example'}});
check(evil.status === 403, `a page of another origin: ${evil.status}`);
for (const [path, status] of [['/nothing', 404], ['/api/v1/nothing', 404], ['/assets/..%2fserver.c', 404], ['/assets/none.js', 404]]) {
  const answer = await ask('GET', path);
  check(answer.status === status, `${path}: ${answer.status}`);
}

// ---- the page has in it what the API would answer, for who may ask

const brought = (page) => /<script type="application\/json" id="first">(.*?)<\/script>/s.exec(page.text)?.[1];
const stranger = await ask('GET', '/', {token: null}), ko = await ask('GET', '/', {headers: {'Accept-Language': 'fr, ko-KR;q=0.9, en;q=0.8'}});
check(stranger.status === 200 && brought(stranger) === undefined && /"\/api\/v1\/plant"/.test(stranger.text), 'the page for a stranger has no data, and asks');
check((await ask('GET', '/', {token: 'wrong'})).text === stranger.text, 'a wrong token is a stranger');
check(!/"\/api\/v1\/plant"/.test(ko.text) && /ko\.js/.test(ko.text) && !/en\.js/.test(ko.text), 'the page in Korean asks for its language alone');
check(/en\.js/.test((await ask('GET', '/?lang=en', {headers: {'Accept-Language': 'ko'}})).text), 'the language of the address goes first');
const first = JSON.parse(brought(ko) ?? '{}');
for (const [name, schema] of [['me', 'Me'], ['plant', 'Plant'], ['state', 'State']])
  check(ajv.validate({$ref: `spec#/components/schemas/${schema}`}, first[name] ?? null), `the page's ${name}: ${ajv.errorsText()}`);
check(Array.isArray(first.rows) && first.rows.every((row) => ajv.validate({$ref: 'spec#/components/schemas/Row'}, row)), `the page's rows: ${ajv.errorsText()}`);
check(JSON.parse(brought(await ask('GET', '/', {token: tokens.viewer})) ?? '{}').me?.role === 'viewer', 'the page knows who opened it');

await notAsDescribed(values, bodies);
end();
