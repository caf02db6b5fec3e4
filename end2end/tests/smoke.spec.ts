import { expect, test } from '../support/test.ts';
import { tokens } from '../support/rest.ts';

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the first page is a table of fifty real rows', async ({ board, demo }) => {
    await board.open();
    await expect(board.rows).toHaveCount(50);
    const api = await tokens(demo.url, 'rank=trending&window=h24&min_liquidity_usd=10000&limit=50');
    expect(api.data).toHaveLength(50);
    // The market moves between the two requests: most of the head is the same all the same.
    const both = new Set(api.data.map((row) => row.id));
    const shown = await board.ids();
    expect(shown.filter((id) => both.has(id)).length).toBeGreaterThan(40);
    await expect(board.cell(board.rows.first(), 'price_usd')).toContainText('$');
  });

  test('the next page is a link and continues where the first one ended', async ({ board, page }) => {
    await board.open();
    const first = await board.ids();
    await board.nextPage.click();
    await expect(board.rows.first()).toBeVisible();
    const second = await board.ids();
    expect(second.length).toBeGreaterThan(0);
    expect(second.filter((id) => first.includes(id))).toEqual([]);
    await expect(page.locator('table#board')).toBeVisible();
  });

  test('headers sort by link and the search is a form', async ({ board, page }) => {
    await board.open();
    await board.sortLink('volume_usd').click();
    expect(board.query().get('sort')).toMatch(/^-?volume_usd$/);
    const symbol = await board.cell(board.rows.first(), 'symbol').innerText();
    const word = /[A-Za-z0-9]{2,}/.exec(symbol)?.[0] ?? symbol;
    await board.search.fill(word);
    await board.search.press('Enter');
    await expect(page).toHaveURL(/[?&]q=/);
    await expect(board.rows.first()).toBeVisible();
  });

  test('the page says that it shows the demo market', async ({ board, page }) => {
    await board.open();
    await expect(page.getByTestId('demo-label')).toBeVisible();
    await expect(page.getByTestId('demo-label')).toContainText(/demo market/i);
  });

  test('a bad value in the address is left out and said, never an error', async ({ board, page }) => {
    await board.open('/?rank=nonsense&window=h1&later=kept');
    await expect(board.rows.first()).toBeVisible();
    await expect(page.getByText(/nonsense/).first()).toBeVisible();
  });
});
