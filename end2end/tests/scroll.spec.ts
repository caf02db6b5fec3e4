import { tokens } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

/** Rows that may be in the document at once: those in view, sixteen more, and a focused one. */
const MOST_MOUNTED = 60;

test('scrolling past 500 rows repeats none and leaves none out', async ({ board, page }) => {
  test.setTimeout(180_000);
  await board.openLive('/?min_liquidity_usd=0&rank=top');
  expect(await board.total()).toBeGreaterThan(600);

  // The place of a row is decided when its page is loaded. Below the head the order is
  // that of the pinned pages, so places there are final; the head may still move.
  const head = 200;
  const placed = new Map<number, string>();
  const repeated: string[] = [];
  const places = new Map<string, number>();
  let most = 0;
  let deepest = 0;
  await board.table.hover();
  while (deepest < 520) {
    const seen = await board.seen();
    most = Math.max(most, seen.length);
    for (const { id, place } of seen) {
      deepest = Math.max(deepest, place);
      const before = places.get(id);
      if (before !== undefined && before !== place && before > head && place > head) {
        repeated.push(`${id} at ${before} and ${place}`);
      }
      places.set(id, place);
      placed.set(place, id);
    }
    const inDocument = seen.map((row) => row.id);
    expect(new Set(inDocument).size, 'no token stands twice in the document').toBe(inDocument.length);
    const last = deepest;
    await page.mouse.wheel(0, 500);
    // The wheel is smooth and the next page may be on its way: wait for a deeper row.
    await expect
      .poll(async () => Math.max(...(await board.seen()).map((row) => row.place)), { timeout: 10_000 })
      .toBeGreaterThan(last);
  }
  expect(most).toBeLessThanOrEqual(MOST_MOUNTED);
  expect(repeated).toEqual([]);
  const missing = Array.from({ length: 520 }, (_, index) => index + 1).filter((place) => !placed.has(place));
  expect(missing, 'every place down to 520 was shown').toEqual([]);
});

test('the rows in the document are consecutive and the table says how many there are', async ({ board, page }) => {
  await board.openLive('/?min_liquidity_usd=0&rank=top');
  await board.table.hover();
  await page.mouse.wheel(0, 4_000);
  await expect.poll(async () => (await board.seen())[0]?.place ?? 0).toBeGreaterThan(10);
  const places = (await board.seen()).map((row) => row.place);
  expect(places).toEqual(places.map((_, index) => (places[0] ?? 0) + index));
  expect(await board.total()).toBeGreaterThan(Math.max(...places));
});

test('scrolling makes no row, and a row that shows another token does not light up', async ({ board, page }) => {
  test.setTimeout(120_000);
  await board.openLive('/?min_liquidity_usd=0&rank=top');
  await board.table.hover();
  // What is left over from the server's page is gone once the first look was taken.
  await page.mouse.wheel(0, 200);
  await expect.poll(async () => await board.rows.count()).toBeLessThan(50);
  await page.evaluate(() => {
    const known = new WeakSet<Node>(document.querySelectorAll('#board tbody tr'));
    const holder = window as unknown as { rows: { made: number; removed: number; lit: string[] } };
    holder.rows = { made: 0, removed: 0, lit: [] };
    const shown = new Map([...document.querySelectorAll('#board tbody tr[data-id]')].map((row) => [row, row.getAttribute('data-id')]));
    new MutationObserver((changes) => {
      for (const { addedNodes, removedNodes } of changes) {
        for (const node of addedNodes) {
          if (node.nodeName === 'TR' && !known.has(node)) holder.rows.made += 1;
        }
        for (const node of removedNodes) {
          if (node.nodeName === 'TR' && !node.isConnected) holder.rows.removed += 1;
        }
      }
      for (const [row, id] of shown) {
        const now = row.getAttribute('data-id');
        if (now === id) continue;
        shown.set(row, now);
        if (row.querySelector('.flash') !== null) holder.rows.lit.push(`${id} → ${now}`);
      }
    }).observe(document.querySelector('#board tbody') as Element, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-id'] });
  });
  const deepest = async () => Math.max(...(await board.seen()).map((row) => row.place));
  while ((await deepest()) < 520) {
    const last = await deepest();
    await page.mouse.wheel(0, 800);
    await expect.poll(deepest, { timeout: 10_000 }).toBeGreaterThan(last);
  }
  await page.evaluate(() => window.scrollTo(0, 0));
  await expect.poll(async () => (await board.seen())[0]?.place).toBe(1);
  expect(await page.evaluate(() => (window as unknown as { rows: unknown }).rows)).toEqual({ made: 0, removed: 0, lit: [] });
});

test('a row shows all of its token wherever it was before', async ({ board, page, demo }) => {
  await board.openLive('/?min_liquidity_usd=0&rank=top');
  await board.table.hover();
  await page.mouse.wheel(0, 5_000);
  await expect.poll(async () => (await board.seen())[0]?.place ?? 0).toBeGreaterThan(60);
  const rows = await board.rows.evaluateAll((rows) =>
    rows.map((row) => ({
      id: row.getAttribute('data-id') ?? '',
      place: Number(row.getAttribute('aria-rowindex')) - 1,
      rank: row.querySelector('td[data-col=rank]')?.firstChild?.textContent,
      symbol: row.querySelector('a.symbol')?.textContent,
      address: row.querySelector('a.symbol')?.getAttribute('title'),
      href: row.querySelector('a.symbol')?.getAttribute('href'),
    })),
  );
  expect(rows.length).toBeGreaterThan(30);
  const { data } = await tokens(demo.url, `ids=${rows.map(({ id }) => id).join(',')}&min_liquidity_usd=0&limit=100`);
  const symbols = new Map(data.map((row) => [row.id, row.symbol]));
  for (const { id, place, rank, symbol, address, href } of rows) {
    expect(rank).toBe(String(place));
    expect(id.endsWith(`:${address}`)).toBe(true);
    expect(href).toContain(address);
    expect(symbol).toBe(symbols.get(id));
  }
});

test('the row with the focus stays in the document and its neighbours are those of the list', async ({ board, page }) => {
  await board.openLive('/?min_liquidity_usd=0&rank=top');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-id') ?? null);
  const id = await focused();
  expect(id).not.toBeNull();
  const rows = await board.rows.count();
  for (let turn = 0; turn < 6; turn += 1) {
    await page.mouse.wheel(0, 600);
    await page.evaluate(() => new Promise((wake) => requestAnimationFrame(() => requestAnimationFrame(wake))));
  }
  await expect.poll(async () => (await board.seen())[1]?.place ?? 0).toBeGreaterThan(20);
  expect(await focused()).toBe(id);
  expect((await board.ids())[0]).toBe(id);
  expect(await board.rows.count()).toBeLessThanOrEqual(Math.max(rows, 50));
  await page.keyboard.press('j');
  await expect.poll(focused).not.toBe(id);
  expect((await board.seen()).find((row) => row.place === 3)?.id).toBe(await focused());
});

test('nothing jumps: the layout shifts by less than 0.01 while rows change', async ({ board, page }) => {
  await page.addInitScript(() => {
    const holder = window as unknown as { layoutShift: number };
    holder.layoutShift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const shift = entry as unknown as { value: number; hadRecentInput: boolean };
        if (!shift.hadRecentInput) holder.layoutShift += shift.value;
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await board.openLive();
  await board.changes();
  await board.changes();
  expect(await page.evaluate(() => (window as unknown as { layoutShift: number }).layoutShift)).toBeLessThan(0.01);
});
