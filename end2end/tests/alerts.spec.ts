// Alerts: rules of the reader's own, judged in the page.

import { expect, test } from '../support/test.ts';

test('an alert fires once when a price crosses its bound', async ({ board, page }) => {
  // A page that answers what the test says: first below the bound, then above it.
  await board.openLive();
  const id = (await board.ids())[0] ?? '';
  let price = '0.5';
  await page.route('**/api/page?*', async (route) => {
    const url = new URL(route.request().url());
    if (!(url.searchParams.get('search') ?? '').includes('ids=')) return route.continue();
    const answer = await route.fetch();
    const body = (await answer.json()) as { rows: { price_usd: string; stale: boolean }[] };
    for (const row of body.rows) Object.assign(row, { price_usd: price, stale: false });
    return route.fulfill({ response: answer, json: body });
  });
  await page.locator('details.alerts summary').click();
  await page.locator('#alert-token').fill(id);
  await page.locator('details.alerts input[name=bound]').fill('1');
  const judged = page.waitForResponse((response) => response.url().includes('/api/page') && response.url().includes('ids'));
  await page.getByRole('button', { name: 'Set the alert' }).click();
  await expect(page.locator('.rules li')).toHaveCount(1);
  await judged;
  await expect(page.getByTestId('alert')).toHaveCount(0);
  price = '1.5';
  await expect(page.getByTestId('alert')).toHaveCount(1, { timeout: 25_000 });
  await expect(page.getByTestId('alert')).toContainText('at or above $1');
  await page.getByTestId('alert').getByRole('button').click();
  await expect(page.getByTestId('alert')).toHaveCount(0);
});

test('rules are kept, and can be removed', async ({ board, page }) => {
  await board.openLive();
  await page.locator('details.alerts summary').click();
  await page.getByRole('button', { name: 'New in this view' }).click();
  await page.reload();
  await board.isLive();
  await expect(page.locator('details.alerts summary')).toHaveText('Alerts 1');
  await page.locator('details.alerts summary').click();
  await page.locator('.rules li').getByRole('button').click();
  await expect(page.locator('details.alerts summary')).toHaveText('Alerts');
});

test('a card leads to an alert for its token', async ({ board, page }) => {
  await board.openLive();
  await page.keyboard.press('j');
  const id = await page.evaluate(() => document.activeElement?.getAttribute('data-id') ?? '');
  await page.keyboard.press('i');
  await page.locator('#card').getByRole('button', { name: 'Alert' }).click();
  await expect(page.locator('#alert-token')).toHaveValue(id);
});
