// answers.mjs - what a service says of a model that drifted and has another one in its shadow, against its
// own description.
//
//   node answers.mjs URL TOKENS.json MODULES MODEL
//
// Prints what is wrong and `N passed, N failed`.
import {contract} from './contract.mjs';

const args = process.argv.slice(2);
const {ajv, check, ask, end} = await contract(args.slice(0, 3));
const fits = (schema, value, what) => check(ajv.validate({$ref: `spec#/components/schemas/${schema}`}, value), `${what}: ${ajv.errorsText()}: ${JSON.stringify(value)}`);

const all = await ask('GET', '/api/v1/models'), one = await ask('GET', `/api/v1/models/${args[3]}`);
check(all.status === 200 && one.status === 200, `${all.status}, ${one.status}`);
const model = JSON.parse(one.text);
JSON.parse(all.text).models.forEach((m) => fits('Model', m, m.name));
fits('Model', model, args[3]);
for (const key of ['drift', 'shadow', 'training']) check(model[key] !== null && typeof model[key] === 'object', `there is a ${key}`);
fits('Drift', model.drift, 'drift');
fits('Shadow', model.shadow, 'shadow');
check(model.drift.features.length > 0 && model.drift.features.every((f) => typeof f.feature === 'string'), 'features by name');
const gates = (number) => Object.keys(model.versions.find((v) => v.number === number)?.gates ?? {}).sort().join(' ');
check(gates(model.serving) === 'coverage gain latency missing worst', `gates of what serves: ${gates(model.serving)}`);
check(model.versions.every((v) => v.loss === 'squared error'), 'versions say what their error is');
end();
