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

test('digits light up, dim and rest without an animation', async ({ board, page }) => {
  await board.openLive('/?min_liquidity_usd=0');
  await page.evaluate(() => {
    const seen = { dimmed: 0, rested: 0 };
    (window as unknown as { seen: typeof seen }).seen = seen;
    new MutationObserver((changes) => {
      for (const { target, oldValue } of changes) {
        const [was, now] = [oldValue ?? '', (target as Element).getAttribute('class') ?? ''];
        if (now.includes('dim') && !was.includes('dim')) seen.dimmed += 1;
        if (was.includes('dim') && now === '') seen.rested += 1;
      }
    }).observe(document.querySelector('#board') as Element, { subtree: true, attributes: true, attributeFilter: ['class'], attributeOldValue: true });
  });
  const seen = () => page.evaluate(() => (window as unknown as { seen: Record<string, number> }).seen);
  await expect.poll(async () => Math.min(...Object.values(await seen())), { timeout: 30_000 }).toBeGreaterThan(0);
  expect(await page.evaluate(() => document.getAnimations().length), 'nothing moves by itself').toBe(0);
  // No mark of a row's age is a layer of its own.
  const marks = await page.evaluate(() =>
    [...document.querySelectorAll('td.rank')].map((cell) => {
      const { opacity, transitionDuration } = getComputedStyle(cell, '::before');
      return `${opacity} ${transitionDuration}`;
    }),
  );
  expect(new Set(marks)).toEqual(new Set(['1 0s']));
});
