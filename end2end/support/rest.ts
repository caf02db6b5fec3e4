// The public REST route, for comparing what the page shows with what the server says.

import { expect } from '@playwright/test';

export interface ApiRow {
  id: string;
  symbol: string;
  price_usd: string | null;
  liquidity_usd: number | null;
  volume_usd: Record<string, number | null>;
  market_cap_usd: number | null;
}

export interface ApiPage {
  data: ApiRow[];
  page: { total: number; next_cursor: string | null; has_more: boolean };
  meta: { seq: number; epoch: string; stale: boolean; market?: string };
}

/** `GET /tokens` with a query as the page's address writes it. */
export async function tokens(url: string, query = ''): Promise<ApiPage> {
  const response = await fetch(`${url}/tokens?${query}`);
  expect(response.status, `/tokens?${query}`).toBe(200);
  return (await response.json()) as ApiPage;
}
