import { expect, test } from '../support/test.ts';
import { tokens } from '../support/rest.ts';

/** How many of the first `n` of `left` are among the first `n` of `right`: the market moves meanwhile. */
function common(left: string[], right: string[], n: number): number {
  const known = new Set(right.slice(0, n));
  return left.slice(0, n).filter((id) => known.has(id)).length;
}

test('a sort is in the address, and back undoes it', async ({ board, page, demo }) => {
  await board.openLive();
  const unsorted = board.query().toString();

  await board.sortLink('volume_usd').click();
  await expect(page).toHaveURL(/[?&]sort=-?volume_usd/);
  await expect(board.sortHeader('volume_usd')).toHaveAttribute('aria-sort', /ascending|descending/);
  const query = board.query();
  const api = await tokens(demo.url, `sort=${query.get('sort')}&min_liquidity_usd=10000&limit=20`);
  await expect
    .poll(async () => common(await board.ids(), api.data.map((row) => row.id), 20), { message: 'the page follows the sort' })
    .toBeGreaterThan(14);

  await page.goBack();
  await expect.poll(() => board.query().toString()).toBe(unsorted);
  await expect(board.sortHeader('volume_usd')).not.toHaveAttribute('aria-sort', /ascending|descending/);
  await page.goForward();
  await expect(page).toHaveURL(/[?&]sort=-?volume_usd/);
});

test('the same header twice turns the direction', async ({ board, page }) => {
  await board.openLive();
  await board.sortLink('liquidity_usd').click();
  await expect(page).toHaveURL(/sort=/);
  const first = board.query().get('sort');
  await board.sortLink('liquidity_usd').click();
  await expect.poll(() => board.query().get('sort')).not.toBe(first);
  const directions = [first, board.query().get('sort')].sort();
  expect(directions).toEqual(['-liquidity_usd', 'liquidity_usd']);
});

test('the window is in the address and the view follows it', async ({ board, page, demo }) => {
  await board.openLive('/?rank=gainers');
  await board.windowLink('h1').click();
  await expect(page).toHaveURL(/[?&]window=h1/);
  expect(board.query().get('rank')).toBe('gainers');
  const api = await tokens(demo.url, 'rank=gainers&window=h1&min_liquidity_usd=10000&limit=20');
  await expect
    .poll(async () => common(await board.ids(), api.data.map((row) => row.id), 20))
    .toBeGreaterThan(12);
});

test('a rank is in the address; the default one is not', async ({ board, page }) => {
  await board.openLive();
  await board.rankLink('top').click();
  await expect(page).toHaveURL(/[?&]rank=top/);
  await board.rankLink('trending').click();
  await expect.poll(() => board.query().has('rank')).toBe(false);
});

test('a search narrows the board to what matches', async ({ board, page, demo }) => {
  await board.openLive();
  const { data } = await tokens(demo.url, 'sort=-volume_usd&min_liquidity_usd=10000&limit=50');
  const wanted = data.find((row) => /^[A-Za-z0-9]{3,}$/.test(row.symbol));
  if (wanted === undefined) throw new Error('the demo market has tokens with plain symbols');
  await board.search.fill(wanted.symbol);
  await board.search.press('Enter');
  await expect(page).toHaveURL(new RegExp(`[?&]q=${wanted.symbol}`));
  await expect(board.row(wanted.id)).toBeVisible();
  const all = await tokens(demo.url, 'min_liquidity_usd=10000&limit=1');
  await expect.poll(() => board.total()).toBeLessThan(all.page.total);
});

test('a search without a match says so and offers a way on', async ({ board, page }) => {
  await board.openLive();
  await board.search.fill('zzqqxxnothing');
  await board.search.press('Enter');
  await expect(page.getByText(/no match/i).first()).toBeVisible();
  await expect(board.rows).toHaveCount(0);
});

test('the liquidity floor is a chip that one can see and remove', async ({ board, page, demo }) => {
  const all = await tokens(demo.url, 'limit=1');
  const floored = await tokens(demo.url, 'min_liquidity_usd=10000&limit=1');
  expect(floored.page.total).toBeLessThan(all.page.total);

  await board.openLive();
  await expect(board.liquidityChip).toContainText('$10K');
  expect(await board.total()).toBeLessThan(all.page.total);
  const remove = board.liquidityChip.locator('a, button').or(board.liquidityChip.and(page.locator('a, button')));
  await remove.first().click();
  await expect.poll(() => board.query().get('min_liquidity_usd')).toBe('0');
  await expect(board.liquidityChip).toHaveCount(0);
  await expect.poll(() => board.total()).toBeGreaterThan(floored.page.total);
});

test('a reload shows the view of the address from the first byte', async ({ board, page }) => {
  await board.openLive('/?rank=top&window=h6&min_liquidity_usd=0');
  const live = await board.ids();
  const html = await (await page.request.get(page.url())).text();
  const sent = [...html.matchAll(/<tr[^>]*\sdata-id="([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(common(live, sent, 20)).toBeGreaterThan(16);
});

test('the keyboard reaches search, rows and sort', async ({ board, page }) => {
  await board.openLive();
  await page.keyboard.press('/');
  await expect(board.search).toBeFocused();
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(board.table.locator('tr[data-id]:focus, tr[data-id][aria-selected=true], tr[data-id]:focus-within')).toHaveCount(1);
  await page.keyboard.press(']');
  await expect.poll(() => board.query().toString()).not.toBe('');
});
