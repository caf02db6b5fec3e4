// Pictures of the page at three widths in both themes. They land in end2end/shots;
// SCREENS=docs/screens puts them where the README shows them.

import { resolve } from 'node:path';
import { expect, test } from '../support/test.ts';

const folder = resolve(process.env.SCREENS ?? 'end2end/shots');
const widths = [
  [1440, 900],
  [768, 1024],
  [400, 860],
] as const;

for (const theme of ['dark', 'light'] as const) {
  test.describe(`${theme} theme`, () => {
    test.use({ colorScheme: theme });
    for (const [width, height] of widths) {
      test(`the board fits ${width} px`, async ({ board, page }) => {
        await page.setViewportSize({ width, height });
        await board.openLive();
        await page.evaluate(async () => {
          await document.fonts.ready;
        });
        await page.screenshot({ path: `${folder}/board-${theme}-${width}.png` });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(overflow, 'nothing sticks out sideways').toBeLessThanOrEqual(0);
        await expect(board.rows.first()).toBeInViewport();
        expect(await page.evaluate(() => document.fonts.check('13px "Instrument Sans Variable"'))).toBe(true);
      });
    }
  });
}

for (const [width, height] of widths) {
  test(`a token's page fits ${width} px`, async ({ board, demo, page }) => {
    await page.setViewportSize({ width, height: height + 300 });
    await board.openLive();
    const id = (await board.ids())[1] ?? '';
    // Its past comes within a minute, once somebody looks.
    await expect
      .poll(
        async () => {
          await page.goto(`${demo.url}/token/${id.replace(':', '/')}`);
          return page.locator('#chart [data-x]').count();
        },
        { timeout: 50_000, intervals: [2_000] },
      )
      .toBeGreaterThan(20);
    await board.isLive();
    await page.evaluate(async () => {
      await document.fonts.ready;
    });
    await page.screenshot({ path: `${folder}/token-dark-${width}.png` });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(overflow, 'nothing sticks out sideways').toBeLessThanOrEqual(0);
  });
}

test('forced colours keep the board readable', async ({ board, page }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await board.openLive();
  await page.screenshot({ path: `${folder}/board-forced-1440.png` });
  await expect(board.cell(board.rows.first(), 'price_usd')).toBeVisible();
});

test('text of twice its size makes a page of 400 px no wider', async ({ board, page }) => {
  await page.setViewportSize({ width: 400, height: 860 });
  await board.openLive();
  await page.evaluate(() => {
    document.documentElement.style.fontSize = '200%';
  });
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
});

test('no badge and no venue is cut at 768 px', async ({ board, page }) => {
  await page.setViewportSize({ width: 768, height: 1024 });
  await board.openLive();
  const { badges, cut } = await page.evaluate(() => {
    const badges = [...document.querySelectorAll('#board td[data-col=symbol] :is(.badge, .tick, .dex)')].filter((badge) => badge.getClientRects().length > 0);
    const right = (element: Element | null) => element?.getBoundingClientRect().right ?? 0;
    return { badges: badges.length, cut: badges.filter((badge) => right(badge) > right(badge.closest('td')) || badge.scrollWidth > badge.clientWidth + 1).map((badge) => badge.textContent) };
  });
  expect(badges).toBeGreaterThan(0);
  expect(cut).toEqual([]);
});

test('the ring of the row with the focus lies over its cells', async ({ board, page }) => {
  await board.openLive();
  await page.keyboard.press('j');
  const shadows = await page.evaluate(() => {
    const cells = [...(document.activeElement?.querySelectorAll('td') ?? [])].filter((cell) => cell.getClientRects().length > 0);
    return cells.map((cell) => getComputedStyle(cell).boxShadow);
  });
  expect(shadows.length).toBeGreaterThan(10);
  expect(shadows.filter((shadow) => !shadow.includes('inset'))).toEqual([]);
});

test('the head of the table stays in sight as one part', async ({ board, page }) => {
  await board.openLive();
  const top = () => board.table.locator('thead').evaluate((head) => head.getBoundingClientRect().top);
  const before = await top();
  await page.evaluate(() => window.scrollTo(0, 900));
  expect(await top()).toBe(before);
  const sticky = await board.table.evaluate((table) => [...table.querySelectorAll('*')].filter((part) => getComputedStyle(part).position === 'sticky').map((part) => part.tagName));
  expect(sticky).toEqual(['THEAD']);
});
