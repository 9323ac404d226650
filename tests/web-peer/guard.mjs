// guard.mjs - people at the page of a service that really runs hold and lift; its guard decides.
//
//   node guard.mjs URL TOKENS.json MODULES
//
// The page learns that the line is there, and so the guard. An operator holds a decision point and lifts
// it again; a viewer sees both happen, and may do neither. Says `start the line` when it is to begin; prints
// what is wrong and `N passed, N failed`.
import {browse, text} from './browse.mjs';

const chip = async (page, word) => {
  try {
    await page.waitForFunction((w) => document.querySelector('.guard-chip strong')?.textContent === w, word);
  } catch {
    throw new Error(`the bar does not come to say '${word}' but: ${await text(page, 'header')}`);
  }
};

async function openPanel(page) {
  await page.click('button.guard-chip');
  await page.waitForSelector('.guard-panel [data-deed=hold]');
}

await browse(process.argv.slice(2), async ({open, ask, check}) => {
  const operator = await open('operator', '#/line'), viewer = await open('viewer', '#/line');
  const holds = async () => (await ask('guard')).stands.filter((s) => s.kind === 'hold');
  await chip(operator, 'away');  // a guard without a line is of no use
  console.log('start the line');
  await chip(operator, 'armed');
  await chip(viewer, 'armed');
  check((await holds()).length === 0, 'nothing is held at the beginning');

  await openPanel(operator);
  const before = (await ask('me')).now_us;
  await operator.click('.guard-panel [data-deed=hold]');
  await operator.selectOption('dialog select', 'dispatch grind');
  await operator.fill('dialog input', 'kim');
  await operator.click('[data-send=hold]');
  await operator.waitForSelector('dialog', {state: 'detached'});
  await chip(operator, 'partly on hold');
  const after = (await ask('me')).now_us;
  const [hold, ...more] = await holds();
  check(hold && more.length === 0, 'the guard has one hold');
  check(hold.what === 'dispatch grind' && hold.role === 'operator' && hold.who === 'kim, operator@127.0.0.1', `whose it is: ${JSON.stringify(hold)}`);
  check(hold.since_us >= before && hold.since_us <= after, `since ${hold.since_us}, asked for between ${before} and ${after}`);
  const said = await text(operator, '.guard-panel li');
  check(/^On hold: dispatch grind.*by kim, operator@127\.0\.0\.1 \(operator\) · since \d+ (s|min) ago/.test(said), `the panel: ${said}`);
  const stamp = new Date(hold.since_us / 1000).toISOString().slice(0, 19).replace('T', ' ');
  check(await operator.getAttribute('.guard-panel li .muted', 'title') === stamp, `the panel's time is the guard's, ${stamp}`);

  // It stands for who comes anew, and since the same moment.
  await operator.load();
  await chip(operator, 'partly on hold');
  await openPanel(operator);
  check(await operator.getAttribute('.guard-panel li .muted', 'title') === stamp, 'loaded anew it stands since the same time');

  await chip(viewer, 'partly on hold');
  await openPanel(viewer);
  await viewer.waitForSelector('.guard-panel [data-deed=lift]');
  for (const deed of ['hold', 'lift', 'bypass', 'revoke']) check(await viewer.isDisabled(`.guard-panel [data-deed=${deed}]`), `a viewer's button '${deed}' is disabled`);
  check(/needs the role operator/.test(await text(viewer, '.guard-panel')), 'the viewer is told why');
  const refused = await viewer.evaluate(() => fetch('/api/v1/guard/lift', {method: 'POST', headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({what: 'dispatch grind'})}).then((answer) => answer.status));
  check(refused === 403, `a viewer who asks all the same gets 403, not ${refused}`);
  check((await holds()).length === 1, 'and the hold stands');

  await operator.click('.guard-panel [data-deed=lift]');
  await operator.click('[data-send=lift]');
  await operator.waitForSelector('dialog', {state: 'detached'});
  await chip(operator, 'armed');
  await chip(viewer, 'armed');
  check((await holds()).length === 0, 'the guard holds nothing any more');
  check(operator.problems.length === 0 && viewer.problems.length === 0, `nothing is thrown: ${[...operator.problems, ...viewer.problems]}`);
});
