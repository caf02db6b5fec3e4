// What the page promises its readers and no other file shows, in the words of the promise.

import { expect, test } from '../support/test.ts';

test('a parameter that nobody knows stays in the address when the view changes', async ({ board, page }) => {
  await board.openLive('/?friend=42');
  await board.rankLink('top').click();
  await expect(page).toHaveURL(/rank=top/);
  expect(board.query().get('friend')).toBe('42');
});

test('the space bar holds the order until it is pressed again', async ({ board, page }) => {
  await board.openLive('/?rank=trending&window=m5');
  const hold = page.getByTestId('hold');
  await page.keyboard.press('Space');
  await expect(hold).toHaveAttribute('aria-pressed', 'true');
  await board.changes();
  const order = (await board.ids()).slice(0, 15);
  await board.changes();
  await board.changes();
  expect((await board.ids()).slice(0, 15)).toEqual(order);
  await page.keyboard.press('Space');
  await expect(hold).toHaveAttribute('aria-pressed', 'false');
});

test('numbers choose the ranking, brackets the window, f the filters, ? the list of keys', async ({ board, page }) => {
  await board.openLive();
  await page.keyboard.press('2');
  await expect(page).toHaveURL(/rank=top/);
  await page.keyboard.press('[');
  await expect(page).toHaveURL(/window=h6/);
  await page.keyboard.press('f');
  await expect(page.locator('details.filter-menu')).toHaveAttribute('open', '');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await expect(page.locator('details.look dl.keys')).toBeVisible();
});

test('a price with many zeros is copied and spoken as the whole decimal', async ({ board }) => {
  await board.openLive('/?min_liquidity_usd=0');
  const counted = board.table.locator('td[data-col="price_usd"]', { has: board.page.locator('.figure[aria-hidden] .z') }).first();
  await expect(counted).toBeVisible();
  await expect(counted.locator('.vh')).toHaveText(/^\$0\.0{5,}[1-9]\d*$/);
});

test('the reader is told of a sort in one region that never tells prices', async ({ board, page }) => {
  await board.openLive();
  const told = page.locator('p[role=status]');
  await expect(told).toHaveCount(1);
  await board.sortLink('volume_usd').click();
  await expect(told).toContainText(/sorted by volume/i);
  await board.changes();
  await expect(told).not.toContainText('$');
});

test('the board says below its rows that no flag is no safety, and names its three sources', async ({ board, page }) => {
  await board.open();
  await expect(page.locator('#foot, .foot').first()).toContainText('No flag does not mean safe');
  for (const source of ['DexScreener', 'GeckoTerminal', 'Jupiter']) await expect(page.locator('.foot')).toContainText(source);
});

test('everything that moves rests for those who ask for it', async ({ board, page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await board.openLive();
  const moving = await page.evaluate(() => {
    const found: string[] = [];
    const rest = new Set<string>();
    const rules = (list: CSSRuleList, still: boolean) => {
      for (const rule of list) {
        if (rule instanceof CSSMediaRule) rules(rule.cssRules, still || rule.conditionText.includes('reduced-motion'));
        else if (rule instanceof CSSStyleRule) {
          const { animationName, animationTimingFunction, transitionDuration } = rule.style;
          const moves = (animationName !== '' && animationName !== 'none') || /[1-9]/.test(transitionDuration) || transitionDuration.includes('var');
          if (still) for (const selector of rule.selectorText.split(',')) rest.add(selector.trim());
          else if (moves && !animationTimingFunction.startsWith('step')) found.push(...rule.selectorText.split(',').map((text) => text.trim()));
        } else if ('cssRules' in rule) rules(rule.cssRules as CSSRuleList, still);
      }
    };
    for (const sheet of document.styleSheets) rules(sheet.cssRules, false);
    return found.filter((selector) => ![...rest].some((still) => selector === still || selector.startsWith(still)));
  });
  expect(moving).toEqual([]);
});
