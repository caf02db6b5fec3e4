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
