// The page of one token: what is known of it, and where each number comes from.

import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '../support/test.ts';
import { tokens } from '../support/rest.ts';

async function first(url: string): Promise<{ id: string; path: string; symbol: string }> {
  const { data } = await tokens(url, 'min_liquidity_usd=50000&limit=1');
  const row = data[0];
  if (row === undefined) throw new Error('the demo market has tokens');
  return { id: row.id, path: `/token/${row.id.replace(':', '/')}`, symbol: row.symbol };
}

test('a row leads to its token, by mouse and by keyboard', async ({ board, page }) => {
  await board.openLive();
  const id = (await board.ids())[0] ?? '';
  await board.cell(board.row(id), 'symbol').getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/token/${id.replace(':', '/')}$`));
  await expect(page.getByTestId('address')).toHaveText(id.split(':')[1] ?? '');

  await page.goBack();
  await board.isLive();
  await page.keyboard.press('j');
  const focused = await page.evaluate(() => document.activeElement?.getAttribute('data-id'));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/token/${focused?.replace(':', '/')}$`));
});

test('each number says whose it is, how old, and what the others say', async ({ demo, page }) => {
  const { path } = await first(demo.url);
  await page.goto(demo.url + path);
  const matrix = page.locator('.origins table');
  for (const source of ['DexScreener', 'GeckoTerminal', 'Jupiter']) {
    await expect(matrix.locator('thead')).toContainText(source);
  }
  const price = matrix.locator('tr[data-field="price_usd"]');
  await expect(price).toContainText('$');
  await expect(price.locator('b')).toHaveCount(1);
  await expect(page.locator('.pools tr.chosen')).toHaveCount(1);
  await expect(page.locator('.pools tr.chosen')).toContainText('sets the price');
  await expect(page.locator('.flags')).toContainText('No flag does not mean safe.');
});

test('the chart is read by pointer and by keyboard, and as a table', async ({ demo, page }) => {
  const { path } = await first(demo.url);
  await expect
    .poll(
      async () => {
        await page.goto(demo.url + path);
        return page.locator('#chart [data-x]').count();
      },
      { timeout: 60_000, message: 'candles are there' },
    )
    .toBeGreaterThan(0);
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'live');
  const chart = page.locator('#chart');
  const candles = await chart.locator('[data-x]').count();
  await chart.focus();
  await page.keyboard.press('Home');
  await expect(chart).toHaveAttribute('data-at', '0');
  const oldest = await page.locator('#candles tbody tr').first().locator('td').first().textContent();
  await expect(page.locator('#chart-readout')).toContainText(oldest ?? '');
  await page.keyboard.press('End');
  await expect(chart).toHaveAttribute('data-at', String(candles - 1));
  await page.getByText('Show as table').click();
  await expect(page.locator('#candles tbody tr')).toHaveCount(candles);
});

test('the row at the top of the page is live', async ({ demo, page, board }) => {
  const { path } = await first(demo.url);
  await page.goto(demo.url + path);
  await board.isLive();
  const price = page.locator('.live-row td[data-col="price_usd"]');
  const before = await price.innerText();
  await expect.poll(() => price.innerText(), { timeout: 30_000 }).not.toBe(before);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('everything is there', async ({ demo, page }) => {
    const { path } = await first(demo.url);
    await page.goto(demo.url + path);
    await expect(page.locator('.live-row td[data-col="price_usd"]')).toContainText('$');
    await expect(page.locator('.origins tbody tr').first()).toBeVisible();
    await expect(page.locator('.without-script').first()).toBeVisible();
  });
});

test('a token that nobody knows is a page that says so', async ({ demo, page, complaints }) => {
  complaints.allow(/404/);
  const answer = await page.goto(`${demo.url}/token/solana/11111111111111111111111111111111`);
  expect(answer?.status()).toBe(404);
  await expect(page.locator('h1', { hasText: 'Nobody knows this token' })).toBeVisible();
});

test('links of the page show a card', async ({ demo, page }) => {
  const { path, symbol } = await first(demo.url);
  await page.goto(demo.url + path);
  await expect(page).toHaveTitle(new RegExp(`^${symbol.replace(/[^A-Za-z0-9]/g, '.')} \\$`));
  const address = await page.locator('meta[property="og:image"]').getAttribute('content');
  const card = await fetch(address ?? '');
  expect(card.status).toBe(200);
  expect(card.headers.get('content-type')).toBe('image/png');
  expect((await card.arrayBuffer()).byteLength).toBeGreaterThan(5_000);
});

for (const theme of ['dark', 'light'] as const) {
  test(`no violation of WCAG 2.2 AA, ${theme}`, async ({ demo, page, board }) => {
    const { path } = await first(demo.url);
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.goto(demo.url + path);
    await board.isLive();
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
      .analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`)).toEqual([]);
  });
}
