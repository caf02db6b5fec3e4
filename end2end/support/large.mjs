// A board of as many rows as are wanted, that changes as often as is wanted: the example `board` of the server.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How often rows change, if they do. */
const COMMITS = 10;

/** Runs `work` with the address of a board of so many rows, of which so many change a second; tells how many did. */
export async function onBoard({ program, site, rows, changes, commits = COMMITS }, work) {
  const board = spawn(program, ['0', String(rows)], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, LEPTOS_SITE_ROOT: site } });
  const lines = createInterface({ input: board.stdout })[Symbol.asyncIterator]();
  // One commit at a time: a board that is late is not pressed further, and what it made of the rate is told.
  let going = true;
  let made = 0;
  try {
    const { value: address, done } = await lines.next();
    if (done) throw new Error(`${program} ended before it listened`);
    const since = performance.now();
    const change = async () => {
      const each = Math.round(changes / commits);
      for (let turn = 1; going; turn += 1) {
        board.stdin.write(`commit ${each}\n`);
        if ((await lines.next()).done) throw new Error(`${program} ended`);
        made += each;
        await new Promise((wake) => setTimeout(wake, Math.max(0, since + (turn * 1000) / commits - performance.now())));
      }
    };
    const changing = change();
    const result = await Promise.race([work(`http://${address}`), changing]);
    going = false;
    const seconds = (performance.now() - since) / 1000;
    await changing;
    return { result, rate: made / seconds };
  } finally {
    going = false;
    board.stdin.end();
    if (board.exitCode === null) await Promise.race([once(board, 'exit'), new Promise((wake) => setTimeout(wake, 5_000))]);
    board.kill('SIGKILL');
  }
}
