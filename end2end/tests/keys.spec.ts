// What single keys do to the row with the focus, and that they can be switched off.

import type { Page } from '@playwright/test';
import { expect, test } from '../support/test.ts';

/** The token of the row with the focus; empty when no row has it. */
const focused = (page: Page) => page.evaluate(() => document.activeElement?.closest('tr')?.getAttribute('data-id') ?? '');

test('j and k walk through the rows, g leads to the top and lets them go', async ({ board, page }) => {
  await board.openLive();
  for (let step = 0; step < 30; step += 1) await page.keyboard.press('j');
  const far = await focused(page);
  expect(far).toContain(':');
  await page.keyboard.press('k');
  await expect.poll(() => focused(page)).not.toBe(far);
  expect(await page.evaluate(() => window.scrollY)).toBeGreaterThan(0);
  await page.keyboard.press('g');
  expect(await focused(page)).toBe('');
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(0);
});

test('c copies the address of the row with the focus', async ({ board, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: board.url });
  await board.openLive();
  await page.keyboard.press('j');
  const address = (await focused(page)).split(':')[1];
  await page.keyboard.press('c');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(address);
});

test('i says where the numbers of the row come from and what its rank is made of', async ({ board, page }) => {
  await board.openLive();
  await page.keyboard.press('j');
  await page.keyboard.press('i');
  const card = page.locator('#card');
  await expect(card).toContainText('Where the numbers of this row come from');
  await expect(card).toContainText(/Trending over 24h: volume [\d.]+ \+ trades [\d.]+ \+ movement -?[\d.]+ = [\d.]+/);
  await page.keyboard.press('Escape');
  await expect(card).toBeHidden();
});

test('o opens the token where most people look at it, in a tab that knows nothing of this one', async ({ board, page, context }) => {
  await context.route('https://dexscreener.com/**', (route) => route.fulfill({ body: 'elsewhere', contentType: 'text/plain' }));
  await board.openLive();
  await page.keyboard.press('j');
  const [chain, address] = (await focused(page)).split(':');
  const [tab] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('o')]);
  await tab.waitForURL(`https://dexscreener.com/${chain}/${address}`);
  expect(await tab.evaluate(() => window.opener)).toBeNull();
});

test('Enter opens the row with the focus', async ({ board, page }) => {
  await board.openLive();
  await page.keyboard.press('j');
  const id = await focused(page);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/token/${id.replace(':', '/')}`));
});

test('keys mean letters in a field, and single ones can be switched off; arrows stay', async ({ board, page }) => {
  await board.openLive();
  await page.keyboard.press('/');
  await page.keyboard.type('2j');
  await expect(board.search).toHaveValue('2j');
  await expect(page).not.toHaveURL(/rank=/);
  await board.search.fill('');
  await page.keyboard.press('Escape');

  await page.locator('details.look summary').click();
  await page.locator('details.look').getByRole('button', { name: 'Off' }).click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('2');
  await page.keyboard.press('j');
  expect(await focused(page)).toBe('');
  await expect(page).not.toHaveURL(/rank=/);
  await page.keyboard.press('ArrowDown');
  expect(await focused(page)).toContain(':');
});

test('the focus in the rows holds the order, and the button says how many moves wait', async ({ board, page }) => {
  await board.openLive('/?rank=trending&window=m5');
  await page.keyboard.press('j');
  await board.changes();
  const order = (await board.ids()).slice(0, 15);
  const hold = page.getByTestId('hold');
  await expect(hold).toContainText(/[1-9]\d* moves? waiting/, { timeout: 30_000 });
  expect((await board.ids()).slice(0, 15)).toEqual(order);
  await page.keyboard.press('Escape');
  await expect(hold).not.toContainText('waiting');
});
