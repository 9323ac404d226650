// contract.mjs - a running service against its own description: every operation as described, then made
// wrong by a fixed dice. Shared by check.mjs and pool_check.mjs.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

// [url, tokens.json, modules]; the checks of one service. `end` prints `N passed, N failed` and leaves.
export async function contract([url, tokensPath, modules]) {
  const require = createRequire(`${modules}/`);
  const Ajv = require('ajv/dist/2020').default;
  const YAML = require('yaml');
  const tokens = JSON.parse(readFileSync(tokensPath, 'utf8'));

  let passed = 0, failed = 0;
  const check = (fine, what) => {
    if (fine) return void passed++;
    failed++;
    console.log(`FAIL ${what}`);
  };

  const spec = YAML.parse(await (await fetch(`${url}/openapi.yaml`)).text());
  check(spec.openapi === '3.1.0', 'the description is OpenAPI 3.1');
  const index = await fetch(`${url}/`, {headers: {Authorization: `Bearer ${tokens.engineer}`}}), policy = index.headers.get('content-security-policy') ?? '';
  check(index.status === 200 && /default-src 'none'/.test(policy) && /script-src 'self'(;|$)/.test(policy) && !/unsafe|\*|https?:|data:|blob:/.test(policy), `the page's policy: ${index.status} ${policy}`);
  const ajv = new Ajv({strict: false, allErrors: false});
  ajv.addSchema(spec, 'spec');
  const resolve = (node) => node.$ref ? resolve(node.$ref.slice(2).split('/').reduce((at, key) => at[key], spec)) : node;
  const pointer = (...keys) => `spec#/${keys.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

  // Waits where the service says so: this client asks more than a person would.
  async function ask(method, path, {token = tokens.engineer, body, type = 'application/json', headers = {}} = {}) {
    for (let tries = 0; ; tries++) {
      const answer = await fetch(url + path, {
        method, redirect: 'manual', body,
        headers: {...(token ? {Authorization: `Bearer ${token}`} : {}), ...(body !== undefined && type ? {'Content-Type': type} : {}), ...headers},
      });
      if (answer.headers.get('content-type')?.startsWith('text/event-stream')) {
        const reader = answer.body.getReader();
        const {value} = await reader.read();
        await reader.cancel();
        return {status: answer.status, type: 'text/event-stream', text: new TextDecoder().decode(value)};
      }
      const text = await answer.text();
      if (answer.status !== 429 || tries > 60) return {status: answer.status, type: (answer.headers.get('content-type') ?? '').split(';')[0], text};
      await sleep(1000 * Number(answer.headers.get('retry-after') ?? 1));
    }
  }

  function compare(operation, path, method, answer, what) {
    const response = operation.responses[String(answer.status)];
    if (!response) return check(false, `${what}: status ${answer.status} is not described: ${answer.text.slice(0, 200)}`);
    const content = resolve(response).content?.[answer.type];
    if (!resolve(response).content) return check(true, what);
    if (answer.type !== 'application/json') return check(!!content, `${what}: ${answer.status} as ${answer.type} is not described`);
    let json;
    try {
      json = JSON.parse(answer.text);
    } catch {
      return check(false, `${what}: no JSON`);
    }
    const validate = ajv.compile({$ref: response.$ref
      ? `spec${response.$ref}/content/application~1json/schema`
      : `${pointer('paths', path, method, 'responses', String(answer.status))}/content/application~1json/schema`});
    check(validate(json), `${what}: ${answer.status} ${ajv.errorsText(validate.errors)}: ${answer.text.slice(0, 200)}`);
  }

  // ---- as described

  const operations = [];
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const [method, operation] of Object.entries(item)) operations.push({path, method, operation});
  }
  // values: of parameters by name; bodies: by operationId.
  const address = ({path, operation}, values, change = {}) => {
    const given = {...values, ...change}, query = new URLSearchParams();
    let to = path;
    for (const p of (operation.parameters ?? []).map(resolve)) {
      if (p.in === 'path') to = to.replace(`{${p.name}}`, encodeURIComponent(given[p.name]));
      else if (p.in === 'query' && given[p.name] !== undefined) query.set(p.name, given[p.name]);
    }
    return to + (query.size ? `?${query}` : '');
  };
  const bodyOf = (operation, bodies) => bodies[operation.operationId] === undefined ? undefined : JSON.stringify(bodies[operation.operationId]);

  async function asDescribed(values, bodies) {
    for (const one of operations) {
      const {path, method, operation} = one, name = `${method.toUpperCase()} ${path}`, body = bodyOf(operation, bodies);
      compare(operation, path, method, await ask(method.toUpperCase(), address(one, values), {body}), name);
      const free = operation.security?.length === 0 || operation.tags?.includes('watch') && path !== '/state';
      if (!free) {
        const nobody = await ask(method.toUpperCase(), address(one, values), {token: null, body});
        check(nobody.status === 401, `${name} without a token: ${nobody.status}`);
        compare(operation, path, method, nobody, `${name} without a token`);
      }
      if (/Needs the role/.test(operation.description ?? '')) {
        const viewer = await ask(method.toUpperCase(), address(one, values), {token: tokens.viewer, body});
        check(viewer.status === 403, `${name} as viewer: ${viewer.status}`);
        compare(operation, path, method, viewer, `${name} as viewer`);
      }
    }
  }

  // ---- not as described

  let dice = 20260101;
  const roll = (n) => {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    return dice % n;
  };
  const oddities = [null, true, -1, 1e308, 1e-308, 0.5, '', 'x'.repeat(5000), '\u0000', '=cmd|a', '../../etc/passwd', '%00', [], {}, [[[[]]]], 9007199254740993, '\ud55c\uae00', '-0', 'NaN'];
  function spoil(value) {
    if (roll(4) === 0 || value === null || typeof value !== 'object') return oddities[roll(oddities.length)];
    if (Array.isArray(value)) return value.length && roll(2) ? value.map((v, i) => i === 0 ? spoil(v) : v) : Array.from({length: 40}, () => value[0] ?? 0);
    const keys = Object.keys(value), key = keys[roll(keys.length)], copy = {...value};
    const how = roll(3);
    if (how === 0) delete copy[key];
    else if (how === 1) copy[key] = spoil(copy[key]);
    else copy[`x${roll(9)}`] = oddities[roll(oddities.length)];
    return copy;
  }
  const rubbish = ['', '{', '[]', 'null', '{"version":', '{"a":1,"a":2}', '\ufeff{}', '{"version": 1e999}', `${'['.repeat(5000)}`, '{"text": "\\ud800"}'];

  async function notAsDescribed(values, bodies) {
    let asked = 0;
    for (let round = 0; round < Number(process.env.ROUNDS ?? 6); round++) {
      for (const one of operations) {
        const {path, method, operation} = one, name = `${method.toUpperCase()} ${path}`;
        const query = (operation.parameters ?? []).map(resolve).filter((p) => p.in === 'query');
        const body = bodyOf(operation, bodies);
        let sent, to = address(one, values);
        if (body !== undefined) {
          sent = roll(3) === 0 ? rubbish[roll(rubbish.length)] : JSON.stringify(spoil(JSON.parse(body)));
        } else if (query.length && operation.operationId !== 'page') {
          const p = query[roll(query.length)];
          to = address(one, values, {[p.name]: String(oddities[roll(oddities.length)])});
        } else continue;
        const schema = operation.requestBody && resolve(operation.requestBody).content['application/json'].schema;
        const answer = await ask(method.toUpperCase(), to, {body: sent, type: roll(10) === 0 ? 'text/plain' : undefined});
        asked++;
        // 503 where the description has it: of a model that no version serves yet.
        check(answer.status < 500 || (answer.status === 503 && operation.responses['503']), `${name} with ${(sent ?? to).slice(0, 100)}: ${answer.status} ${answer.text.slice(0, 100)}`);
        if (answer.status >= 400) compare({responses: {...operation.responses, 414: {}}}, path, method, answer, `${name} with ${(sent ?? to).slice(0, 100)}`);
        else if (schema && sent !== undefined) {
          let fits = false;
          try {
            fits = ajv.validate(schema.$ref ? {$ref: `spec${schema.$ref}`} : schema, JSON.parse(sent));
          } catch {}
          check(fits, `${name} took what the description forbids: ${sent.slice(0, 100)}`);
        }
      }
    }
    check((await ask('GET', '/healthz')).status === 200, 'the service is still well');
    console.log(`${operations.length} operations, ${asked} requests that do not fit`);
  }
  const end = () => {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed ? 1 : 0);
  };
  return {tokens, spec, ajv, check, ask, compare, asDescribed, notAsDescribed, end};
}
