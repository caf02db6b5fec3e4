// What a reader keeps: the watchlist, hidden rows, columns, the unit; and what a row says of the past.

import { expect, test } from '../support/test.ts';

test('a star watches a row, the watchlist shows it, and it survives a reload', async ({ board, page }) => {
  await board.openLive();
  const id = (await board.ids())[1] ?? '';
  await board.cell(board.row(id), 'star').getByRole('button').click();
  await expect(board.cell(board.row(id), 'star').getByRole('button')).toHaveAttribute('aria-pressed', 'true');
  await page.reload();
  await board.isLive();
  await page.locator('details.watchlist summary').click();
  await page.getByRole('link', { name: 'Show them' }).click();
  await expect(page).toHaveURL(/[?&]ids=/);
  await expect.poll(() => board.ids()).toEqual([id]);
});

test('w watches the row with the focus, and the list is exported and imported as text', async ({ board, page }) => {
  await board.openLive();
  await page.keyboard.press('j');
  const id = await page.evaluate(() => document.activeElement?.getAttribute('data-id') ?? '');
  await page.keyboard.press('w');
  await expect(board.cell(board.row(id), 'star').getByRole('button')).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Escape');
  await page.locator('details.watchlist summary').click();
  await expect(page.locator('#watch-list')).toHaveValue(id);
  const other = (await board.ids()).find((candidate) => candidate !== id) ?? '';
  await page.locator('#watch-list').fill(`${other.split(':')[1]}\nnonsense`);
  await page.getByRole('button', { name: 'Save the list' }).click();
  await expect(page.locator('#watch-list')).toHaveValue(other);
});

test('a hidden row is gone until it is shown again', async ({ board, page }) => {
  await board.openLive();
  await page.keyboard.press('j');
  const id = await page.evaluate(() => document.activeElement?.getAttribute('data-id') ?? '');
  await page.keyboard.press('i');
  await page.locator('#card').getByRole('button', { name: 'Hide' }).click();
  await expect(board.row(id)).toHaveCount(0);
  await page.locator('details.watchlist summary').click();
  await page.getByRole('button', { name: 'Show again' }).click();
  await expect(board.row(id)).toHaveCount(1);
});

test('columns are chosen in the address, with and without a reload', async ({ board, page }) => {
  await board.openLive();
  const trend = board.cell(board.rows.first(), 'trend');
  await expect(trend).toBeVisible();
  await page.locator('details.columns summary').click();
  await page.locator('details.columns').getByRole('button', { name: '24h trend' }).click();
  await expect(trend).toBeHidden();
  await expect(page).toHaveURL(/[?&]cols=/);
  await page.reload();
  await expect(trend).toBeHidden();
  await expect(board.cell(board.rows.first(), 'age')).toBeVisible();
});

test('prices are shown in SOL', async ({ board, page }) => {
  await board.openLive();
  await page.locator('a.unit').click();
  await expect(page).toHaveURL(/[?&]unit=sol/);
  await expect(board.cell(board.rows.first(), 'price_sol')).toBeVisible();
  await expect(board.cell(board.rows.first(), 'price_usd')).toBeHidden();
});

test('the export holds every row that passes the filters', async ({ board, page }) => {
  await board.openLive('/?min_liquidity_usd=100000');
  const total = await board.total();
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('a.export').click()]);
  const stream = await download.createReadStream();
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const lines = Buffer.concat(chunks).toString().trim().split('\n');
  expect(download.suggestedFilename()).toMatch(/demo.*\.csv$/);
  // The market moves: a few tokens may have passed the bound meanwhile.
  expect(Math.abs(lines.length - 1 - total)).toBeLessThan(12);
});

test('a price that the pointer rests on says where it comes from, and is not covered', async ({ board, page }) => {
  await board.openLive();
  const price = board.cell(board.rows.nth(3), 'price_usd');
  await price.hover();
  const card = page.locator('#card');
  await expect(card).toBeVisible();
  await expect(card).toContainText('Where the numbers of this row come from');
  await expect(card.locator('tr[data-field="price_usd"] td').nth(1)).toHaveText(/DexScreener|GeckoTerminal|Jupiter/);
  await expect(card).toContainText('Trending over 24h');
  const [over, under] = [await card.boundingBox(), await price.boundingBox()];
  if (over === null || under === null) throw new Error('both are in sight');
  const apart = over.x >= under.x + under.width || over.y >= under.y + under.height || over.y + over.height <= under.y;
  expect(apart).toBe(true);
  await page.keyboard.press('Escape');
  await expect(card).toBeHidden();
});

test('a row shows its day as a line once its past is known', async ({ board }) => {
  await board.openLive();
  await expect(board.table.locator('svg.trend path').first()).toBeAttached({ timeout: 60_000 });
});

test('a row says how far it rose in five minutes', async ({ board, page }) => {
  await page.route('**/api/extras?*', async (route) => {
    const ids = new URL(route.request().url()).searchParams.get('ids')?.split(',') ?? [];
    await route.fulfill({ json: ids.map((id, place) => ({ id, risen: place === 0 ? 5 : -2, trend: null })) });
  });
  await board.openLive();
  const first = board.cell(board.rows.first(), 'rank').locator('.drift');
  await expect(first).toHaveText(/↑5/);
  await expect(first).toContainText('up 5 since five minutes ago');
  await expect(board.cell(board.rows.nth(1), 'rank').locator('.drift')).toHaveClass(/down/);
});

test('a watched token says so on its card and on its page, and so does one that is not', async ({ board, demo, page }) => {
  await board.openLive();
  const id = (await board.ids())[2] ?? '';
  await board.cell(board.row(id), 'star').getByRole('button').click();
  await board.cell(board.row(id), 'price_usd').hover();
  const onCard = page.locator('#card [data-act="watch"]');
  await expect(onCard).toHaveText('Watched');
  await expect(onCard).toHaveAttribute('aria-pressed', 'true');
  await onCard.click();
  await expect(onCard).toHaveText('Watch');
  await expect(onCard).toHaveAttribute('aria-pressed', 'false');
  await onCard.click();
  await page.goto(`${demo.url}/token/${id.replace(':', '/')}`);
  const onPage = page.locator('.elsewhere [data-act="watch"]');
  await expect(onPage).toHaveText('Watched');
  await expect(onPage).toHaveAttribute('aria-pressed', 'true');
});
