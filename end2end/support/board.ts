// The board as a person sees it, in the words of the product.

import { expect, type Locator, type Page } from '@playwright/test';

/** The columns, by the names that the API gives them. */
export type Column =
  | 'rank'
  | 'symbol'
  | 'price_usd'
  | 'price_sol'
  | 'trend'
  | 'star'
  | 'change_m5'
  | 'change_h1'
  | 'change_h6'
  | 'change_h24'
  | 'volume_usd'
  | 'txns'
  | 'liquidity_usd'
  | 'market_cap_usd'
  | 'age';

export type ConnectionState = 'connecting' | 'live' | 'stale' | 'reconnecting' | 'disconnected';

/** Rows that are in the document: each with its token and its place (1-based). */
export interface SeenRow {
  id: string;
  place: number;
}

export class Board {
  readonly table: Locator;
  readonly rows: Locator;
  readonly connection: Locator;
  readonly staleBanner: Locator;
  readonly liquidityChip: Locator;
  readonly search: Locator;
  readonly nextPage: Locator;

  constructor(
    readonly page: Page,
    readonly url: string,
  ) {
    this.table = page.locator('table#board');
    this.rows = this.table.locator('tbody tr[data-id]');
    this.connection = page.getByTestId('connection');
    this.staleBanner = page.getByTestId('stale-banner');
    this.liquidityChip = page.getByTestId('chip-min_liquidity_usd');
    this.search = page.locator('#q');
    this.nextPage = page.locator('a[rel=next]');
  }

  /** Opens a view: `open('/?rank=top')`. */
  async open(path = '/'): Promise<void> {
    const response = await this.page.goto(this.url + path);
    expect(response?.status()).toBe(200);
    await expect(this.rows.first()).toBeVisible();
  }

  /** Opens a view and waits until changes arrive. */
  async openLive(path = '/'): Promise<void> {
    await this.open(path);
    await this.isLive();
  }

  async isLive(timeout = 20_000): Promise<void> {
    await expect(this.connection).toHaveAttribute('data-state', 'live', { timeout });
  }

  async isInState(state: ConnectionState, timeout = 20_000): Promise<void> {
    await expect(this.connection).toHaveAttribute('data-state', state, { timeout });
  }

  row(id: string): Locator {
    return this.table.locator(`tbody tr[data-id="${id}"]`);
  }

  cell(row: Locator, column: Column): Locator {
    return row.locator(`td[data-col="${column}"]`);
  }

  sortLink(key: string): Locator {
    return this.table.locator(`th a[data-sort="${key}"]`);
  }

  sortHeader(key: string): Locator {
    return this.table.locator('th').filter({ has: this.page.locator(`a[data-sort="${key}"]`) });
  }

  rankLink(rank: string): Locator {
    return this.page.locator(`[data-rank="${rank}"]`);
  }

  windowLink(window: string): Locator {
    return this.page.locator(`[data-window="${window}"]`);
  }

  /** The tokens that are in the document now, in order. */
  async ids(): Promise<string[]> {
    return this.rows.evaluateAll((rows) => rows.map((row) => row.getAttribute('data-id') ?? ''));
  }

  /** The rows that are in the document now; the header is row 1 of the table. */
  async seen(): Promise<SeenRow[]> {
    return this.rows.evaluateAll((rows) =>
      rows.map((row) => ({
        id: row.getAttribute('data-id') ?? '',
        place: Number(row.getAttribute('aria-rowindex')) - 1,
      })),
    );
  }

  /** Waits until any number of the table has changed. */
  async changes(): Promise<void> {
    const before = await this.table.innerText();
    await expect
      .poll(async () => (await this.table.innerText()) !== before, { timeout: 20_000, message: 'a value changes' })
      .toBe(true);
  }

  /** How many tokens the view has in all, as the table tells assistive technology. */
  async total(): Promise<number> {
    return Number(await this.table.getAttribute('aria-rowcount')) - 1;
  }

  /** Takes the pointer away, so that nothing is held. */
  async letGo(): Promise<void> {
    await this.page.mouse.move(0, 0);
  }

  query(): URLSearchParams {
    return new URL(this.page.url()).searchParams;
  }
}
