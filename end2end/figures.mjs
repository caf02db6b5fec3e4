// Measures the page of a running server in Chromium, and prints tables in Markdown:
//
//   node end2end/figures.mjs http://127.0.0.1:PORT MINUTES [PART...]
//
// Parts: visit slow live shift scroll scroll4 keys memory profile, without any all but the last; and of boards that the
// program BOARD serves (`cargo build --release -p server --features app/ssr --example board`) with the page in SITE:
// large large4 large50 largekeys busy.
// Every wait has a bound. Timings are taken ROUNDS times (3), of which the median counts.

import { existsSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { onBoard } from './support/large.mjs';
import { Probe, watchPage } from './support/probe.mjs';

const [base, minutes = '10', ...chosen] = process.argv.slice(2);
const rounds = Number(process.env.ROUNDS ?? 3);
const parts = chosen.length ? chosen : ['visit', 'slow', 'live', 'shift', 'scroll', 'scroll4', 'keys', 'memory'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!base || !(Number(minutes) > 0)) throw new Error('say the address of a server and how many minutes memory is watched');
if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}: run scripts/need chromium, or set CHROMIUM`);

const ALL = '/?min_liquidity_usd=0';
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const quantile = (values, at) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * at))] ?? 0;
const wait = (seconds) => new Promise((wake) => setTimeout(wake, seconds * 1000));
const ms = (value) => `${Math.round(value)} ms`;
const kB = (value) => `${(value / 1000).toFixed(1)} kB`;
const MB = (value) => (value === null ? 'unknown' : `${(value / 1e6).toFixed(1)} MB`);
const percent = (value) => (value === null ? 'unknown' : `${(value * 100).toFixed(1)} %`);
const say = (line) => process.stderr.write(`    ${line}\n`);

const table = (title, rows) => {
  process.stdout.write(`\n${title}\n\n| What | Measured | Each round |\n|---|---|---|\n`);
  for (const [what, measured, each = ''] of rows) process.stdout.write(`| ${what} | ${measured} | ${each} |\n`);
};
/** A row of a figure that was taken several times. */
const row = (what, values, write) =>
  values.includes(null) ? [what, 'unknown'] : [what, write(median(values)), values.length > 1 ? values.map(write).join(', ') : ''];

const launch = () =>
  chromium.launch({
    executablePath,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  });

/** Runs `work` on a fresh browser, so that no round finds what another one left. */
async function fresh(options, work) {
  const browser = await launch();
  try {
    const probe = await Probe.open(browser, options);
    return await work(probe);
  } finally {
    await browser.close();
  }
}

async function repeat(work) {
  const all = [];
  for (let round = 0; round < rounds; round += 1) all.push(await work(round));
  return all;
}

async function visit(title, options) {
  const all = await repeat(() =>
    fresh(options, async (probe) => {
      await probe.visit(base + '/');
      await wait(1);
      return probe.first();
    }),
  );
  const kinds = ['document', 'wasm', 'script', 'stylesheet', 'font', 'fetch', 'image', 'manifest', 'other'];
  const of = (kind) => all.map(({ bytes }) => bytes[kind] ?? 0);
  const rows = kinds.filter((kind) => of(kind).some(Boolean)).map((kind) => row(`${kind}, bytes on the wire`, of(kind), kB));
  const timed = [['first contentful paint', 'fcp'], ['largest contentful paint', 'lcp'], ['live', 'live'], ['first change shown', 'patch']];
  rows.push(...timed.map(([what, key]) => row(what, all.map((one) => one[key]), ms)));
  rows.push(row('layout shift', all.map(({ cls }) => cls), (value) => value.toFixed(4)));
  table(title, rows);
}

const busyRows = (all) => [
  row('main thread busy, share of the time', all.map(({ busy }) => busy), percent),
  row('of which on the processor', all.map(({ thread }) => thread), percent),
  row('of which script', all.map(({ script }) => script), percent),
  row('of which style', all.map(({ style }) => style), percent),
  row('of which layout', all.map(({ layout }) => layout), percent),
  row('frames of the feed a second', all.map(({ frames }) => frames), (value) => value.toFixed(1)),
  row('bytes of the feed a second', all.map(({ bytes }) => bytes), (value) => String(Math.round(value))),
];

async function live(title = 'Live for 20 s, nobody touches it', at = base) {
  const all = await repeat(() =>
    fresh({}, async (probe) => {
      await probe.visit(at + ALL);
      await wait(2);
      return probe.during(() => wait(20));
    }),
  );
  table(title, busyRows(all));
}

async function shift() {
  const all = await repeat(() =>
    fresh({}, async (probe) => {
      await probe.visit(base + '/');
      await wait(60);
      return probe.page.evaluate(() => ({ cls: probe.cls, shifts: probe.shifts }));
    }),
  );
  const write = (value) => value.toFixed(5);
  table('Layout shift of 60 s live', [
    row('the worst five seconds', all.map(({ cls }) => cls), write),
    row('all of it', all.map(({ shifts }) => shifts), write),
  ]);
}

/** The wheel of a mouse, turned for so many seconds. */
async function wheel(probe, seconds) {
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    const speed = 2_400;
    const left = (until - Date.now()) / 1000;
    await probe.cdp.send('Input.synthesizeScrollGesture', {
      x: 700, y: 500, speed, yDistance: -Math.ceil(speed * Math.min(left, 5)), gestureSourceType: 'mouse', preventFling: true,
    });
  }
}

/** What the machine gives a page that does nothing: frames a second while a plain page of the same length is scrolled. */
async function idle(cpu) {
  return fresh({}, async (probe) => {
    await probe.page.evaluate(() => (document.body.innerHTML = '<p style="height:220000px">Nothing</p>'));
    await probe.page.evaluate(`(${watchPage})()`);
    await probe.throttle(cpu);
    await probe.page.evaluate(() => probe.start());
    await wheel(probe, 5);
    const { frames } = await probe.page.evaluate(() => probe.stop());
    return (frames.length - 1) / ((frames.at(-1) - frames[0]) / 1000);
  });
}

async function scroll(title, cpu, at = base) {
  const floor = await repeat(() => idle(cpu));
  const all = await repeat(() =>
    fresh({}, async (probe) => {
      await probe.visit(at + ALL);
      await wait(2);
      await probe.throttle(cpu);
      await probe.page.evaluate(() => probe.start());
      const told = await probe.during(() => wheel(probe, 30));
      const { frames, made, elements } = await probe.page.evaluate(() => probe.stop());
      const place = await probe.page.evaluate(() => Number([...document.querySelectorAll('#board tbody tr[data-id]')].pop()?.ariaRowIndex ?? 0));
      const gaps = frames.slice(1).map((now, index) => now - frames[index]);
      const { heap, wasm } = await probe.memory();
      const span = (frames.at(-1) - frames[0]) / 1000;
      return { ...told, fps: gaps.length / span, p99: quantile(gaps, 0.99), worst: Math.max(...gaps), late: gaps.filter((gap) => gap > 25).length, made, elements, place, heap, wasm };
    }),
  );
  const whole = (value) => String(Math.round(value));
  table(title, [
    row('frames a second of an empty page, the same minute', floor, (value) => value.toFixed(1)),
    row('frames a second', all.map(({ fps }) => fps), (value) => value.toFixed(1)),
    row('gap between frames, p99', all.map(({ p99 }) => p99), (value) => `${value.toFixed(1)} ms`),
    row('gap between frames, the worst', all.map(({ worst }) => worst), ms),
    row('gaps over 25 ms', all.map(({ late }) => late), whole),
    row('rows passed', all.map(({ place }) => place), whole),
    row('rows made', all.map(({ made }) => made), whole),
    row('elements in the document, at most', all.map(({ elements }) => elements), whole),
    row('heap then', all.map(({ heap }) => heap), MB),
    row('memory of the module then', all.map(({ wasm }) => wasm), MB),
    ...busyRows(all),
  ]);
}

/** How long each of twenty of a kind of interaction took until the next paint; 16 ms and less count as 16. */
async function interactions(probe, act, before = async () => {}) {
  const taken = [];
  const shown = [];
  for (let turn = 0; turn < 20; turn += 1) {
    await before(turn);
    const since = await probe.page.evaluate(() => ((probe.events.length = 0), (probe.said.length = 0), performance.now()));
    await act(turn);
    await wait(0.6);
    const told = await probe.page.evaluate(() => ({ events: probe.events, said: probe.said }));
    taken.push(Math.max(16, ...told.events.filter(({ interactionId }) => interactionId > 0).map(({ duration }) => duration)));
    if (told.said.length) shown.push(told.said.at(-1) - since);
  }
  return { taken, shown };
}

async function keys(at = base) {
  await fresh({}, async (probe) => {
    const { page } = probe;
    page.setDefaultTimeout(10_000);
    await probe.visit(at + ALL);
    const rows = [];
    const keep = (what, { taken, shown }) => {
      rows.push([`${what}: next paint`, `median ${ms(median(taken))}, worst ${ms(Math.max(...taken))}`]);
      if (shown.length) rows.push([`${what}: the new rows are there`, `median ${ms(median(shown))}, worst ${ms(Math.max(...shown))}`, `${shown.length} of 20 within 0.6 s; the driver's own way is in it`]);
    };
    const sorts = ['volume_usd', 'liquidity_usd', 'market_cap_usd'];
    keep('sort', await interactions(probe, (turn) => page.locator(`th a[data-sort="${sorts[turn % 3]}"]`).click()));
    await probe.visit(at + '/');
    const chip = page.getByTestId('chip-min_liquidity_usd');
    keep('filter removed', await interactions(probe, () => chip.locator('a, button').first().click(), async () => {
      if (!(await chip.isVisible())) await page.goBack({ waitUntil: 'commit' });
      await chip.waitFor();
      await wait(0.5);
    }));
    await probe.visit(at + ALL);
    const menu = page.locator('details.look > summary');
    keep('menu opened or closed', { ...(await interactions(probe, () => menu.click())), shown: [] });
    await page.keyboard.press('Escape');
    keep('key j', { ...(await interactions(probe, () => page.keyboard.press('j'))), shown: [] });
    table('Interactions while numbers change, 20 of each', rows);
  });
}

async function memory() {
  await fresh({}, async (probe) => {
    await probe.visit(base + '/');
    await wait(5);
    const rows = [];
    for (let minute = 0; minute <= Number(minutes); minute += 1) {
      if (minute > 0) await wait(60);
      const { heap, wasm, nodes, listeners, elements } = await probe.memory();
      const cls = await probe.page.evaluate(() => probe.cls);
      rows.push([`after ${minute} min`, `heap ${MB(heap)}, module ${MB(wasm)}`, `${nodes} nodes, ${elements} elements, ${listeners} listeners, layout shift ${cls.toFixed(4)}`]);
      say(rows.at(-1).join(': '));
    }
    table('Memory while live, after collecting', rows);
  });
}

async function profile() {
  await fresh({}, async (probe) => {
    await probe.visit(base + ALL);
    await wait(2);
    for (const [title, work] of [['Where time goes, scrolling for 15 s', () => wheel(probe, 15)], ['Where time goes, live for 15 s', () => wait(15)]]) {
      const spent = await probe.profile(work);
      table(title, spent.slice(0, 25).map(([name, seconds]) => [name.replaceAll('|', '\\|').slice(0, 140), `${Math.round(seconds * 1000)} ms`]));
    }
  });
}

/** The same on a board of so many rows, of which so many change a second. */
async function large(rows, changes, work, commits) {
  const { BOARD: program, SITE: site } = process.env;
  if (!program || !site) throw new Error('BOARD is the example `board` of the server, SITE the folder of the page');
  const { rate } = await onBoard({ program, site, rows, changes, commits }, work);
  say(`${Math.round(rate)} changes a second were made`);
}

const known = {
  visit: () => visit('First visit, loopback', {}),
  slow: () => visit('First visit, slow 4G (1.6 Mbit/s, 150 ms) and a processor four times slower', { slow4g: true, cpu: 4 }),
  live: () => live(),
  shift,
  scroll: () => scroll('Scrolling for 30 s', 1),
  scroll4: () => scroll('Scrolling for 30 s, a processor four times slower', 4),
  keys: () => keys(),
  memory,
  profile,
  large: () => large(100_000, 5_000, (at) => scroll('100,000 rows, 5,000 changes a second: scrolling for 30 s', 1, at)),
  large4: () => large(100_000, 5_000, (at) => scroll('The same, a processor four times slower', 4, at)),
  large50: () => large(100_000, 50_000, (at) => scroll('The same with 50,000 changes a second', 4, at)),
  largekeys: () => large(100_000, 5_000, keys),
  busy: () => large(50, 1_250, (at) => live('50 rows, 1,250 changes a second: live for 20 s', at), 25),
};
for (const part of parts) {
  if (!known[part]) throw new Error(`no part is named ${part}; there are: ${Object.keys(known).join(' ')}`);
  say(`${part}, ${new Date().toISOString().slice(11, 19)}`);
  await known[part]();
}
