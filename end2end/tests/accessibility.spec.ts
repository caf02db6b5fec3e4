import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '../support/test.ts';

for (const theme of ['dark', 'light'] as const) {
  test.describe(`${theme} theme`, () => {
    test.use({ colorScheme: theme });

    for (const [what, path] of [
      ['the board', '/'],
      ['a sorted board', '/?sort=-volume_usd&window=h1'],
      ['an empty search', '/?q=zzqqxxnothing'],
      ['chosen columns in SOL', '/?unit=sol&cols=price_sol,trend,change_h1,age'],
    ] as const) {
      test(`${what} has no violation of WCAG 2.2 AA`, async ({ page, board }) => {
        await page.goto(board.url + path);
        await board.isLive();
        // Digits that have just changed fade for 900 ms; colours count when at rest.
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        const { violations } = await new AxeBuilder({ page })
          .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
          .analyze();
        const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.slice(0, 5).map((node) => node.html.slice(0, 160)).join('\n  ')}`);
        expect(found).toEqual([]);
      });
    }
  });
}

for (const [theme, palette, density] of [
  ['dark', 'cvd', 'compact'],
  ['light', 'cvd', 'roomy'],
  ['dark', 'east', 'roomy'],
  ['light', 'east', 'compact'],
] as const) {
  test(`the board in ${theme}, ${palette} and ${density} has no violation of WCAG 2.2 AA`, async ({ page, board, context }) => {
    await context.addCookies([{ name: 'memescope_look', value: `${theme}.${palette}.${density}.keys`, url: board.url }]);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await board.openLive();
    const look = await page.locator('html').evaluate((html) => ({ ...html.dataset }));
    expect(Object.values(look)).toEqual(expect.arrayContaining([theme, palette, density]));
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
      .analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`)).toEqual([]);
  });
}

test('the page is one document for assistive technology', async ({ board, page }) => {
  await board.openLive();
  await expect(page.locator('main')).toHaveCount(1);
  await expect(page.locator('h1')).toHaveCount(1);
  await expect(board.table.locator('caption')).toHaveCount(1);
  await expect(board.table.locator('thead th[scope=col]').first()).toBeAttached();
  // Prices tick outside of every live region.
  await expect(board.table.locator('[aria-live], [role=status], [role=alert]')).toHaveCount(0);
  expect(await page.locator('html').getAttribute('lang')).toBe('en');
});

test('text at twice its size neither clips nor scrolls the page sideways', async ({ board, page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await board.open();
  await page.evaluate(() => {
    document.documentElement.style.fontSize = '200%';
  });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
});
