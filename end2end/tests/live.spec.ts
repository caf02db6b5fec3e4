import { expect, test } from '../support/test.ts';

test('prices change on the page without a reload', async ({ board, page }) => {
  await board.openLive();
  await page.evaluate(() => {
    (window as unknown as { sameDocument: boolean }).sameDocument = true;
  });
  const prices = () =>
    board.rows.evaluateAll((rows) =>
      Object.fromEntries(rows.map((row) => [row.getAttribute('data-id'), row.querySelector('td[data-col="price_usd"]')?.textContent])),
    );
  const before = await prices();
  await expect
    .poll(
      async () => {
        const now = await prices();
        return Object.keys(before).filter((id) => id in now && now[id] !== before[id]).length;
      },
      { timeout: 20_000, message: 'the price of a row that was already there changes' },
    )
    .toBeGreaterThan(0);
  expect(await page.evaluate(() => (window as unknown as { sameDocument?: boolean }).sameDocument)).toBe(true);
});

test('under the pointer values go on and the order holds', async ({ board }) => {
  await board.openLive('/?rank=trending&window=m5');
  const third = board.rows.nth(2);
  await third.hover();
  // The hold begins 120 ms after the pointer arrived; two changes are further apart.
  await board.changes();
  await board.changes();
  const order = (await board.ids()).slice(0, 15);
  await board.changes();
  await board.changes();
  await board.changes();
  expect((await board.ids()).slice(0, 15)).toEqual(order);
});

test('a hidden tab does not keep the server busy and comes back live', async ({ board, page }) => {
  await board.openLive();
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'visible' });
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => false });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await board.isLive();
  await board.changes();
});

test('digits that light up dim in steps that ask the browser for no frames between', async ({ board, page }) => {
  await board.openLive('/?min_liquidity_usd=0');
  const lit = async () =>
    page.evaluate(() =>
      document.getAnimations().flatMap((animation) => {
        const { effect } = animation;
        if (!(effect instanceof KeyframeEffect) || !effect.target?.classList.contains('flash')) return [];
        return [Number(effect.getComputedTiming().duration)];
      }),
    );
  await expect.poll(async () => (await lit()).length, { timeout: 20_000, intervals: [50] }).toBeGreaterThan(0);
  await expect.poll(lit, { timeout: 20_000, intervals: [50] }).toContain(1);
  expect((await lit()).filter((duration) => duration > 1)).toEqual([]);
  // No mark of a row's age moves by itself, nor is a layer of its own.
  const marks = await page.evaluate(() =>
    [...document.querySelectorAll('td.rank')].map((cell) => {
      const { opacity, transitionDuration } = getComputedStyle(cell, '::before');
      return `${opacity} ${transitionDuration}`;
    }),
  );
  expect(new Set(marks)).toEqual(new Set(['1 0s']));
});
