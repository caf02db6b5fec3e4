import { expect, test } from '../support/test.ts';

for (const path of ['/', '/?rank=top&window=h1', '/?sort=-volume_usd&min_liquidity_usd=0']) {
  test(`${path} becomes live without a word on the console`, async ({ board, complaints }) => {
    await board.openLive(path);
    expect(complaints.all).toEqual([]);
  });
}

test('becoming live changes neither the rows nor their order', async ({ board, page }) => {
  // The order is held while the pointer is over the rows: what moves then is hydration.
  const response = await page.request.get(`${board.url}/`);
  const html = await response.text();
  const sent = [...html.matchAll(/<tr[^>]*\sdata-id="([^"]+)"/g)].map((match) => match[1]);
  expect(sent).toHaveLength(50);

  const documents: string[][] = [];
  await page.exposeFunction('reportRows', (ids: string[]) => documents.push(ids));
  await page.addInitScript(() => {
    document.addEventListener('DOMContentLoaded', () => {
      const ids = [...document.querySelectorAll('table#board tbody tr[data-id]')].map((row) => row.getAttribute('data-id') ?? '');
      void (window as unknown as { reportRows(ids: string[]): Promise<void> }).reportRows(ids);
    });
  });
  await board.openLive();
  await expect.poll(() => documents.length).toBe(1);
  const live = await board.ids();
  const known = documents[0] ?? [];
  // A tick or two may have passed; the head is still made of the same tokens.
  expect(live.slice(0, 20).filter((id) => known.includes(id)).length).toBeGreaterThan(15);
  await expect(board.table.locator('tbody')).toHaveCount(1);
});

test('the page loads nothing from a foreign address', async ({ board, page }) => {
  const foreign: string[] = [];
  page.on('request', (request) => {
    const { host, protocol } = new URL(request.url());
    if (protocol !== 'data:' && host !== new URL(board.url).host) foreign.push(request.url());
  });
  await board.openLive();
  expect(foreign).toEqual([]);
});

test('the policy of the page is strict and its assets are kept for good', async ({ board, page }) => {
  const html = await page.request.get(`${board.url}/`);
  const policy = html.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("'nonce-");
  expect(policy).not.toContain("'unsafe-inline'");
  const script = /\/pkg\/memescope\.[0-9a-f]+\.js/.exec(await html.text())?.[0];
  expect(script, 'the page names the script with its hash').toBeDefined();
  const asset = await page.request.get(board.url + script);
  expect(asset.status()).toBe(200);
  expect(asset.headers()['cache-control']).toContain('immutable');
});
