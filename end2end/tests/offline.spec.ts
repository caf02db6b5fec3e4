// The last board, when the server cannot be reached.

import { expect, test } from '../support/test.ts';
import { startServer } from '../support/server.ts';

test.use({ serviceWorkers: 'allow' });

test('a visitor without a server sees the last board, marked old', async ({ page, complaints }) => {
  const server = await startServer({ tokens: 200 });
  try {
    await page.goto(server.url);
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await expect
      .poll(() => page.evaluate(async () => (await (await caches.open('memescope-1')).match('/offline-board')) !== undefined))
      .toBe(true);
    await server.kill();
    complaints.allow(/Failed to fetch|ERR_CONNECTION_REFUSED|WebSocket|failed to load/i);
    await page.goto(`${server.url}/?rank=top`);
    await expect(page.locator('#state')).toContainText(/last board, .* old/);
    await expect(page.locator('#state')).toContainText('demo market');
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(20);
    await server.spawn();
    await page.locator('#again').click();
    await expect(page.locator('table#board tbody tr[data-id]').first()).toBeVisible();
  } finally {
    await server.stop();
  }
});
