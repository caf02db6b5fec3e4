// The `test` that the specs use: a demo server shared by the specs of a worker, and a
// browser page on which any console error or hydration warning fails the test.

import { expect, type Page, test as base } from '@playwright/test';
import { Board } from './board.ts';
import { type Server, startServer } from './server.ts';

export { expect };

export interface ConsoleErrors {
  /** What was complained about so far. */
  readonly all: readonly string[];
  /** From now on a complaint that matches is no failure: for tests that break something on purpose. */
  allow(pattern: RegExp): void;
}

/** Collects console errors, hydration warnings, exceptions and failed loads of a page. */
export function consoleErrors(page: Page): ConsoleErrors {
  const found: string[] = [];
  const allowed: RegExp[] = [];
  const complain = (text: string) => {
    if (!allowed.some((pattern) => pattern.test(text))) found.push(text);
  };
  page.on('console', (message) => {
    const text = message.text();
    const hydration = /hydrat|expected .* marker|unrecoverable|panicked|reactive.*outside/i.test(text);
    if (message.type() === 'error' || (message.type() === 'warning' && hydration)) {
      complain(`${message.type()}: ${text} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => complain(`exception: ${error.message}`));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? '';
    // A navigation away ends the loads that it no longer needs.
    if (reason !== 'net::ERR_ABORTED') complain(`failed to load: ${request.url()} ${reason}`);
  });
  return { all: found, allow: (pattern) => void allowed.push(pattern) };
}

interface Fixtures {
  /** Complaints of `page`; the test fails at its end if there are any. */
  complaints: ConsoleErrors;
  board: Board;
}

interface WorkerFixtures {
  demo: Server;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  demo: [
    async ({}, use) => {
      const server = await startServer({ tokens: 1_000 });
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  complaints: [
    async ({ page }, use) => {
      const complaints = consoleErrors(page);
      await use(complaints);
      expect(complaints.all, 'the browser console must stay silent').toEqual([]);
    },
    { auto: true },
  ],
  board: async ({ page, demo }, use) => {
    await use(new Board(page, demo.url));
  },
});
