// What happens to an open page when the server or all sources go away.

import { expect, test } from '../support/test.ts';
import { Board } from '../support/board.ts';
import { startMarket, startServer } from '../support/server.ts';
import { tokens } from '../support/rest.ts';

test('after a restart of the server the page is live again without a reload', async ({ page, complaints }) => {
  test.setTimeout(120_000);
  complaints.allow(/websocket|net::ERR_CONNECTION|failed to load|Failed to fetch/i);
  const server = await startServer({ tokens: 300 });
  try {
    const board = new Board(page, server.url);
    await board.openLive();
    await page.evaluate(() => {
      (window as unknown as { sameDocument: boolean }).sameDocument = true;
    });
    const before = await board.ids();

    await server.kill();
    await expect(board.connection).toHaveAttribute('data-state', /reconnecting|disconnected/, { timeout: 20_000 });
    // The last good numbers stay.
    expect((await board.ids()).length).toBe(before.length);

    await server.start();
    await board.isLive(40_000);
    await board.changes();
    expect(await page.evaluate(() => (window as unknown as { sameDocument?: boolean }).sameDocument)).toBe(true);
  } finally {
    await server.stop();
  }
});

test('a clean restart serves the last board at once', async () => {
  const server = await startServer({ tokens: 300 });
  try {
    const before = await tokens(server.url, 'limit=1');
    await server.restart();
    const after = await tokens(server.url, 'limit=1');
    expect(after.page.total).toBeGreaterThanOrEqual(Math.floor(before.page.total * 0.95));
    // After a clean stop the history goes on: same epoch, higher number.
    expect(after.meta.epoch).toBe(before.meta.epoch);
    expect(after.meta.seq).toBeGreaterThanOrEqual(before.meta.seq);
  } finally {
    await server.stop();
  }
});

test('after a crash the last board is there within a second though no source answers', async ({ page }) => {
  test.setTimeout(120_000);
  const market = await startMarket({ tokens: 300 });
  const server = await startServer({ tokens: 300, live: true, env: market.sources });
  try {
    // The journal is at most a second behind.
    await server.writesState();
    const before = await tokens(server.url, 'limit=1');
    await server.kill();
    await market.stop();

    const began = Date.now();
    await server.spawn();
    const after = await tokens(server.url, 'limit=1');
    expect(Date.now() - began).toBeLessThan(1_000);
    expect(after.page.total).toBeGreaterThanOrEqual(Math.floor(before.page.total * 0.95));
    expect(after.meta.stale).toBe(true);

    const board = new Board(page, server.url);
    await page.goto(`${server.url}/?min_liquidity_usd=0`);
    await expect(board.rows.first()).toBeVisible();
    await expect(board.staleBanner).toContainText(/\d+ (second|minute)s? old/);
    await page.goto('about:blank');
  } finally {
    await server.stop();
    await market.stop();
  }
});

test('when all sources fail the page keeps its numbers and says how old they are', async ({ page }) => {
  test.setTimeout(180_000);
  const market = await startMarket({ tokens: 200 });
  const server = await startServer({ tokens: 50, live: true, env: market.sources });
  try {
    const board = new Board(page, server.url);
    await board.openLive('/?min_liquidity_usd=0');
    await expect(board.staleBanner).toBeHidden();
    const rows = await board.rows.count();

    await market.control({ op: 'fault', script: 'all:500@0s-' });
    // Old is said when no source has answered for a minute.
    await expect(board.staleBanner).toBeVisible({ timeout: 100_000 });
    await expect(board.staleBanner).toContainText(/last good numbers|old/i);
    expect(await board.rows.count()).toBe(rows);
    expect((await tokens(server.url, 'limit=1')).meta.stale).toBe(true);
    // A reload says the same without JavaScript's help.
    const html = await (await page.request.get(page.url())).text();
    expect(html).toContain('data-testid="stale-banner"');
  } finally {
    await server.stop();
    await market.stop();
  }
});

test('where no socket comes through the page asks for its rows instead', async ({ board, page, complaints }) => {
  test.setTimeout(120_000);
  complaints.allow(/websocket/i);
  await page.routeWebSocket(/\/ws$/, (socket) => void socket.close());
  await board.open();
  await board.isInState('disconnected', 60_000);
  const prices = () => board.table.locator('td[data-col="price_usd"]').allInnerTexts();
  const before = await prices();
  await expect.poll(async () => (await prices()).join() !== before.join(), { timeout: 30_000 }).toBe(true);
});
