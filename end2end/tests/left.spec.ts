// A row that leaves the board while its order is held. No market lets a row of the first screen go on command, so the
// frame that says so is put between the server's own, in the layout that docs/FEED.md gives.

import { expect, test } from '../support/test.ts';

const DIGITS = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** The 32 bytes of a Solana address. */
function addressBytes(address: string): number[] {
  let number = 0n;
  for (const digit of address) number = number * 58n + BigInt(DIGITS.indexOf(digit));
  const bytes: number[] = [];
  for (let place = 31; place >= 0; place -= 1) bytes.push(Number((number >> BigInt(place * 8)) & 0xffn));
  return bytes;
}

/** Where a number that begins here ends. */
const afterNumber = (frame: Buffer, at: number): number => {
  let end = at;
  while ((frame[end] ?? 0) >= 0x80) end += 1;
  return end + 1;
};

/** A delta of rows at the seq of another frame of rows: one of them is gone. */
function goneFrame(like: Buffer, id: string): Buffer {
  // Kind; subscription, seq and time as they are; no step; neither names, rows nor patches; one id.
  const seq = 2 + (like[1] ?? 0);
  const head = like.subarray(1, afterNumber(like, afterNumber(like, seq)));
  return Buffer.from([4, ...head, 0, 0, 0, 0, 1, 0, ...addressBytes(id.split(':')[1] ?? '')]);
}

test('a row that leaves the board while its order is held stays, struck, until it is let go', async ({ board, page }) => {
  let tell: (id: string) => void = () => {};
  await page.routeWebSocket(/\/ws/, (socket) => {
    const server = socket.connectToServer();
    let last: Buffer | undefined;
    server.onMessage((message) => {
      // Rows in one part.
      if (typeof message !== 'string' && (message[0] === 3 || message[0] === 4)) last = message;
      socket.send(message);
    });
    tell = (id) => {
      if (last !== undefined) socket.send(goneFrame(last, id));
    };
  });
  await board.openLive();
  await board.changes();
  await page.keyboard.press('Space');
  await expect(page.getByTestId('hold')).toHaveAttribute('aria-pressed', 'true');
  const id = (await board.ids()).slice(0, 8).find((candidate) => candidate.startsWith('solana:')) ?? '';
  tell(id);
  const row = board.row(id);
  await expect(row).toHaveClass(/left/);
  await expect(row).toBeVisible();
  const words = await row.evaluate((element) =>
    [element, ...element.querySelectorAll('*')].map((part) => getComputedStyle(part, '::after').content + getComputedStyle(part, '::before').content).join(' '),
  );
  expect(words).toContain('left the list');
  await page.keyboard.press('Space');
  await expect(row).not.toHaveClass(/left/);
});
