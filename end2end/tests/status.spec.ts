// How the board and its sources do, on a page of its own.

import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '../support/test.ts';
import { startMarket, startServer } from '../support/server.ts';
import type { Locator, Page } from '@playwright/test';

const SOURCES = ['dexscreener', 'geckoterminal', 'jupiter'] as const;
type Source = (typeof SOURCES)[number];

const LABELS = ['Last answer', 'Latency', 'Requests', 'Failures', 'Budget', 'Rows given', 'Fields'];

const section = (page: Page, name: Source | 'board') => page.getByTestId(`status-${name}`);

/** What stands beside a label in a section. */
const fact = (of: Locator, label: string) => of.locator('table.facts tr', { has: of.page().getByText(label, { exact: true }) }).locator('td');

const isLive = async (page: Page) => expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'live', { timeout: 20_000 });

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the numbers of the moment are there', async ({ page, demo }) => {
    const response = await page.goto(`${demo.url}/status`);
    expect(response?.status()).toBe(200);
    await expect(page).toHaveTitle('Status · Memescope');
    for (const name of SOURCES) {
      const source = section(page, name);
      await expect(source.locator('table.facts th[scope=row]')).toHaveText(LABELS);
      await expect(source.locator('.state')).toHaveText(/answers|wait/);
      await expect(fact(source, 'Last answer')).toContainText(/\d\d:\d\d:\d\d UTC, .+ ago/);
      await expect(fact(source, 'Requests')).toContainText(/^[1-9][\d,]* answered/);
      await expect(fact(source, 'Budget')).toContainText(/\d+ of \d+ used, \d+ left; .+ a minute/);
      await expect(fact(source, 'Fields')).toContainText(/price in USD|holders/);
    }
    const board = section(page, 'board');
    await expect(fact(board, 'Market')).toContainText('simulated');
    await expect(fact(board, 'Tokens')).toContainText(/^[1-9]/);
    await expect(page.getByText('Live updates need JavaScript')).toBeVisible();
    await expect(page.getByTestId('demo-label')).toBeVisible();
  });

  test('the footer of the board leads there, and a link leads back', async ({ page, board }) => {
    await board.open();
    await page.getByRole('link', { name: 'Status of the sources' }).click();
    await expect(page).toHaveURL(/\/status$/);
    await page.getByRole('link', { name: 'Back to the board' }).click();
    await expect(board.rows.first()).toBeVisible();
  });
});

test('the state of a source in the header leads to its section', async ({ page, board }) => {
  await board.openLive();
  await page.getByRole('list', { name: 'Sources' }).getByRole('link', { name: /Jupiter/ }).click();
  await expect(page).toHaveURL(/\/status#jupiter$/);
  await expect(section(page, 'jupiter')).toBeInViewport();
});

test('numbers go on by themselves', async ({ page, demo }) => {
  await page.goto(`${demo.url}/status`);
  await isLive(page);
  const answered = async () => {
    const text = await fact(section(page, 'dexscreener'), 'Requests').innerText();
    return Number(/^([\d,]+) answered/.exec(text)?.[1]?.replaceAll(',', ''));
  };
  const before = await answered();
  const commit = await fact(section(page, 'board'), 'Changes so far').innerText();
  await expect.poll(answered, { timeout: 20_000, message: 'further requests are counted' }).toBeGreaterThan(before);
  await expect(fact(section(page, 'board'), 'Changes so far')).not.toHaveText(commit, { timeout: 20_000 });
  // Numbers that tick are in no live region.
  await expect(page.locator('main [aria-live], main [role=status], main [role=alert]')).toHaveCount(0);
});

test('a source that fails is seen to fail, and to come back', async ({ page }) => {
  test.setTimeout(180_000);
  const market = await startMarket({ tokens: 200 });
  const server = await startServer({ tokens: 50, live: true, env: market.sources });
  try {
    await page.goto(`${server.url}/status`);
    await isLive(page);
    const jupiter = section(page, 'jupiter');
    const state = jupiter.locator('.state');
    await expect(state).toHaveText(/^answers/, { timeout: 20_000 });
    await expect(fact(jupiter, 'Failures')).toHaveText('none');

    await market.control({ op: 'fault', script: 'jupiter:500@0s-' });
    await expect(state).toHaveText('does not answer', { timeout: 60_000 });
    await expect(state).toHaveClass(/trouble/);
    await expect(fact(jupiter, 'Failures')).toHaveText(/^status 5xx [1-9]\d*×$/);
    await expect(fact(jupiter, 'Budget')).toContainText('0 left');
    await expect(section(page, 'dexscreener').locator('.state')).toHaveText(/^answers/);
    // Trouble is amber and words, never red.
    const [color, warn] = await state.evaluate((element) => {
      const probe = document.createElement('i');
      element.append(probe);
      probe.style.setProperty('color', 'var(--c-warn)');
      const colors = [getComputedStyle(element).color, getComputedStyle(probe).color];
      probe.remove();
      return colors;
    });
    expect(color).toBe(warn);
    // A reload says the same without JavaScript's help, and so does the event.
    const html = await (await page.request.get(`${server.url}/status`)).text();
    expect(html).toContain('does not answer');
    const events = (await (await page.request.get(`${server.url}/events?types=source:state`)).json()) as {
      data: { source: string; state: string }[];
    };
    expect(events.data.filter((event) => event.source === 'jupiter').at(-1)?.state).toBe('down');

    await market.control({ op: 'fault', script: '' });
    await expect(state).toHaveText(/^answers/, { timeout: 90_000 });
    await page.goto('about:blank');
  } finally {
    await server.stop();
    await market.stop();
  }
});

for (const theme of ['dark', 'light'] as const) {
  test(`the page has no violation of WCAG 2.2 AA in the ${theme} theme`, async ({ page, demo }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.goto(`${demo.url}/status`);
    await isLive(page);
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
      .analyze();
    const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.slice(0, 5).map((node) => node.html.slice(0, 160)).join('\n  ')}`);
    expect(found).toEqual([]);
  });
}

for (const width of [400, 1440]) {
  test(`nothing is clipped at ${width} px`, async ({ page, demo }) => {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${demo.url}/status`);
    await isLive(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await expect(page.getByRole('heading', { level: 2 })).toHaveCount(4);
  });
}
