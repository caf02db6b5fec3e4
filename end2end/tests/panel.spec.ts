// Wide screens: a token beside the board. Everywhere: search while one types, rows as targets on phones.

import { expect, test } from '../support/test.ts';
import { tokens } from '../support/rest.ts';

test.describe('on a wide screen', () => {
  test.use({ viewport: { width: 1680, height: 1000 } });

  test('a token opens beside the board at its own address, and Esc closes it', async ({ board, page }) => {
    await board.openLive('/?rank=top');
    await page.keyboard.press('j');
    const id = await page.evaluate(() => document.activeElement?.getAttribute('data-id') ?? '');
    await page.keyboard.press('Enter');
    const panel = page.getByTestId('panel');
    await expect(panel).toBeVisible();
    await expect(page).toHaveURL(new RegExp(`/token/${id.replace(':', '/')}$`));
    await expect(panel.locator('td[data-col="price_usd"]')).toContainText('$');
    await expect(panel.getByText('Where each number comes from')).toBeVisible();
    await expect(board.rows.first()).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(panel).toHaveCount(0);
    await expect(page).toHaveURL(/\?rank=top$/);
    await page.goBack();
    await expect(panel).toBeVisible();
    await page.goBack();
    await expect(panel).toHaveCount(0);
    expect(board.query().get('rank')).toBe('top');
  });

  test('the row in the panel is live, and its intervals need no reload', async ({ board, page }) => {
    await board.openLive();
    const id = (await board.ids())[0] ?? '';
    await board.cell(board.row(id), 'symbol').getByRole('link').click();
    const panel = page.getByTestId('panel');
    const other = panel.locator('[data-interval="1m"]');
    await other.click();
    await expect(other).toHaveAttribute('aria-current', 'true');
    await expect(panel).toBeVisible();
    const price = panel.locator('td[data-col="price_usd"]');
    const before = await price.innerText();
    await expect.poll(() => price.innerText(), { timeout: 30_000 }).not.toBe(before);
  });
});

test('the view follows what one types, in one place of the history', async ({ board, page, demo }) => {
  await board.openLive();
  const entries = () => page.evaluate(() => history.length);
  const before = await entries();
  const { data } = await tokens(demo.url, 'min_liquidity_usd=10000&limit=50');
  const wanted = data.find((row) => /^[A-Za-z]{4,}$/.test(row.symbol));
  if (wanted === undefined) throw new Error('the demo market has plain symbols');
  await board.search.pressSequentially(wanted.symbol, { delay: 30 });
  await expect(page).toHaveURL(new RegExp(`[?&]q=${wanted.symbol}$`));
  await expect.poll(() => board.ids()).toContain(wanted.id);
  expect(await entries()).toBe(before);
  await expect(board.search).toBeFocused();
});

test('an address in the search leads to its token', async ({ board, page }) => {
  await board.openLive();
  const id = (await board.ids())[2] ?? '';
  await board.search.fill(id.split(':')[1] ?? '');
  await board.search.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/token/${id.replace(':', '/')}$`));
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 400, height: 860 }, hasTouch: true, isMobile: true });

  test('a tap anywhere on a row opens its token; the window is in reach', async ({ board, page }) => {
    await board.openLive();
    await expect(board.windowLink('h1').first()).toBeInViewport();
    const id = (await board.ids())[1] ?? '';
    const place = await board.cell(board.row(id), 'liquidity_usd').boundingBox();
    if (place === null) throw new Error('the cell is in sight');
    await page.touchscreen.tap(place.x + place.width / 2, place.y + place.height / 2);
    await expect(page).toHaveURL(new RegExp(`/token/${id.replace(':', '/')}$`));
    await page.getByRole('button', { name: 'Watch' }).tap();
    await page.goBack();
    await board.isLive();
    await expect(page.locator('details.watchlist summary')).toHaveText('★ 1');
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });

  test('filters open as a sheet at the bottom', async ({ board, page }) => {
    await board.openLive();
    await page.locator('details.filter-menu summary').tap();
    const box = await page.locator('form.filters').boundingBox();
    expect(Math.round((box?.y ?? 0) + (box?.height ?? 0))).toBe(860);
  });
});
