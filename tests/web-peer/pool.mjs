// pool.mjs - people at the page of a pool that really runs jobs: borrowing and taking back are seen there,
// and an operator cancels a job.
//
//   node pool.mjs URL TOKENS.json MODULES
//
// The pool has four CPU slots: account `own` is guaranteed two, `guests.castings` one; its other jobs
// borrow. Jobs are submitted over HTTP and are all cancelled at the end. Prints what is wrong and `N passed, N
// failed`.
import {browse, text} from './browse.mjs';

const says = (page, selector, pattern) => page.waitForFunction(([s, p]) => new RegExp(p).test((document.querySelector(s)?.textContent ?? '').replaceAll('\u00a0', ' ')), [selector, pattern])
  .catch(async () => { throw new Error(`${selector} does not come to say /${pattern}/ but: ${await text(page, 'main')}`); });
const job = (page, id) => `.job:has(strong:text-is("${id}"))`;

await browse(process.argv.slice(2), async ({open, ask, tell, check}) => {
  const operator = await open('operator', '#/pool'), viewer = await open('viewer', '#/pool');
  const submit = (account, name) => tell('pool/jobs', {account, name, command: ['sleep', '300'], gpus: 1, grace_s: 1});
  const openJobs = async () => (await ask('pool/jobs?limit=500')).jobs;
  try {
    check(await operator.title() === 'Pool · page-test', 'it is the only view');
    check((await operator.$$('nav a')).length === 1, 'one entry');
    await says(operator, '.kpis', '^In use0 of 4, 0 %');
    await says(operator, '.queue', 'No job waits');

    const guests = [];
    for (let i = 0; i < 4; i++) guests.push((await submit('guests.castings', `guest-${i}`)).id);
    await says(operator, '.kpis', '^In use4 of 4, 100 % *Borrowed3 75 %');
    await says(viewer, '.kpis', '^In use4 of 4, 100 % *Borrowed3 75 %');
    const pool = await ask('pool');
    const rows = await operator.$$eval('.accounts tbody tr', (all) => all.map((r) => [...r.querySelectorAll('button.link, td.num')].map((c) => c.textContent)));
    for (const [i, a] of pool.accounts.entries())
      check(rows[i].slice(0, 4).join() === [a.path.split('.').pop(), a.used, a.guarantee, a.borrowed > 0 ? `+${a.borrowed}` : '–'].join(), `the row of ${a.path} is ${rows[i]}`);
    await operator.waitForFunction(() => document.querySelectorAll('.rack .gpu-borrowed').length === 3 && document.querySelectorAll('.rack .gpus .gpu-used').length === 1);
    await says(operator, '.rack-jobs', `${guests[0]} guest-0`);

    // `own` asks for what is its own: it waits, says why, and gets it back from who borrowed it.
    const own = (await submit('own', 'training')).id;
    await says(operator, '.act-list', `castings.*own.*`);
    await operator.click('.queue button:has-text("running")');
    await operator.waitForSelector(job(operator, own));
    await says(operator, '.kpis', 'Borrowed2 50 %');
    const given = (await ask('pool/acts?kinds=reclaim')).acts[0];
    check(given.account === 'guests.castings' && given.to_account === 'own' && given.to_job === own, `the act: ${JSON.stringify(given)}`);
    check((await text(operator, '.act-list')).includes(given.text.replaceAll('\u00a0', ' ')), 'the page says it in the same words');
    await operator.click('.queue button:has-text("waiting")');
    const waits = (await openJobs()).find((j) => j.state === 'waiting');
    check(!!waits && guests.includes(waits.id), 'the one who gave back waits again');
    await operator.waitForSelector(job(operator, waits.id));
    check((await text(operator, `${job(operator, waits.id)} .job-why`)).length > 10, 'and says why');

    await viewer.click(`${job(viewer, waits.id)} .job-head`);
    check(await viewer.isDisabled(`[data-cancel="${waits.id}"]`), 'a viewer may not cancel');
    const refused = await viewer.evaluate((id) => fetch(`/api/v1/pool/jobs/${id}/cancel`, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'}).then((a) => a.status), waits.id);
    check(refused === 403, `who asks all the same gets 403, not ${refused}`);
    check((await openJobs()).some((j) => j.id === waits.id), 'and the job is there');

    await operator.click(`${job(operator, waits.id)} .job-head`);
    await operator.click(`[data-cancel="${waits.id}"]`);
    await operator.click('[data-send=cancel]');
    await operator.waitForSelector('dialog', {state: 'detached'});
    await operator.waitForSelector(job(operator, waits.id), {state: 'detached'});
    check((await ask(`pool/jobs/${waits.id}`)).state === 'cancelled', 'it is cancelled');
    check(operator.problems.length === 0 && viewer.problems.length === 0, `nothing is thrown: ${[...operator.problems, ...viewer.problems]}`);
  } finally {
    for (const j of await openJobs()) await tell(`pool/jobs/${j.id}/cancel`, {});
    for (let i = 0; i < 600 && (await openJobs()).length > 0; i++) await new Promise((done) => setTimeout(done, 100));
    check((await openJobs()).length === 0, 'all jobs are over');
  }
});
