// Starts and ends the real binary. A test gets a server of its own, on a free port,
// with a data folder and a working folder that nobody else uses.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const checkout = resolve(import.meta.dirname, '../..');
const binary = process.env.MEMESCOPE_BIN ?? join(checkout, 'target/release/memescope');

/** How long a start may take before the test fails: a loaded machine is slow. */
const START_MS = 30_000;
/** How long a clean stop may take before the process is killed. */
const STOP_MS = 15_000;

export type Environment = Record<string, string>;

export interface ServerOptions {
  /** Tokens of the demo market. */
  tokens?: number;
  seed?: number;
  /** How often the sources are asked, as the product writes it: `1s`, `500ms`. */
  pollInterval?: string;
  /** The sources' addresses are given in `env`; no market inside the process. */
  live?: boolean;
  /** Variables on top of the harness's own. */
  env?: Environment;
}

export interface Server {
  readonly url: string;
  readonly port: number;
  /** What the process has written so far; printed when it dies early. */
  log(): string;
  /** Asks it to end (SIGTERM), waits, and removes its folders. */
  stop(): Promise<void>;
  /** Ends it without warning (SIGKILL); its data stay for `start`. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data, and waits until its board is filled. */
  start(): Promise<void>;
  /** The same, but waits for the first answer only. */
  spawn(): Promise<void>;
  /** Waits until what is on the board now is on disk. */
  writesState(): Promise<void>;
  /** A clean stop and a start on the same port and data. */
  restart(): Promise<void>;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP port was asked for');
  return address.port;
}

/** A child process whose output is kept and whose end can be waited for. */
class Process {
  #output = '';
  readonly #child: ChildProcess;

  constructor(args: string[], env: Environment, cwd: string) {
    if (!existsSync(binary)) throw new Error(`no server at ${binary}: run make build`);
    // Only what a program needs from this machine, so that the developer's own
    // variables never decide a test.
    const { PATH = '', HOME = '', TMPDIR = '/tmp' } = process.env;
    this.#child = spawn(binary, args, { cwd, env: { PATH, HOME, TMPDIR, RUST_BACKTRACE: '1', ...env } });
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-200_000);
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
  }

  get output(): string {
    return this.#output;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.ended) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(killer);
  }

  /** Waits until `ready` says so; fails with the process's own words if it ends before. */
  async until(ready: () => Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline) {
      if (this.ended) throw new Error(`the server ended before ${what}:\n${this.#output}`);
      if (await ready()) return;
      await new Promise((wake) => setTimeout(wake, 20));
    }
    throw new Error(`not ${what} within ${START_MS} ms:\n${this.#output}`);
  }
}

/** True when a GET of `url` is answered with 200. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

/** True when the board holds at least `rows` tokens. */
async function holds(url: string, rows: number): Promise<boolean> {
  try {
    const response = await fetch(`${url}/tokens?limit=1`, { signal: AbortSignal.timeout(2_000) });
    const body = (await response.json()) as { page?: { total?: number } };
    return (body.page?.total ?? 0) >= rows;
  } catch {
    return false;
  }
}

/** Starts the product and waits until it is ready and its board is filled. */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const tokens = options.tokens ?? 1_000;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const home = mkdtempSync(join(tmpdir(), 'memescope-e2e-'));
  const args = options.live ? [] : ['--demo'];
  args.push('--port', String(port), '--data-dir', join(home, 'data'));
  const env: Environment = {
    HOST: '127.0.0.1',
    RATE_LIMIT: 'off',
    WS_LIMIT: 'off',
    LOG: 'info',
    LOG_FORMAT: 'text',
    DEMO_TOKENS: String(tokens),
    DEMO_SEED: String(options.seed ?? 1),
    POLL_INTERVAL: options.pollInterval ?? '1s',
    ...options.env,
  };

  let running: Process | undefined;
  const spawnIt = async () => {
    running = new Process(args, env, home);
    await running.until(() => answers(`${url}/tokens?limit=1`), 'answering');
    return running;
  };
  const start = async () => {
    running = await spawnIt();
    await running.until(() => answers(`${url}/readyz`), 'ready');
    // A few tokens of a market have no pool that anyone could trade in: those never come.
    await running.until(() => holds(url, Math.floor(tokens * 0.9)), `filled with ${tokens} tokens`);
  };
  const discard = () => rmSync(home, { recursive: true, force: true });

  try {
    await start();
  } catch (error) {
    await running?.end('SIGKILL');
    discard();
    throw error;
  }
  return {
    url,
    port,
    log: () => running?.output ?? '',
    start,
    spawn: async () => {
      await spawnIt();
    },
    writesState: async () => {
      const asked = Date.now();
      // The state file, or the log of what changed since it was written.
      const folder = join(home, 'data', options.live ? '.' : 'demo');
      const written = () => readdirSync(folder).filter((name) => /^state(-.*\.log)?$/.test(name));
      const at = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
      await running?.until(async () => written().some((name) => at(name) > asked), 'written');
    },
    stop: async () => {
      await running?.end('SIGTERM');
      discard();
    },
    kill: async () => running?.end('SIGKILL'),
    restart: async () => {
      await running?.end('SIGTERM');
      await start();
    },
  };
}

export interface Market {
  readonly url: string;
  /** The sources' addresses for a server that is to read this market. */
  readonly sources: Environment;
  /** One order to the market: `{op: 'fault', script: 'all:500@0s-'}`, `{op: 'pause'}`, … */
  control(order: Record<string, unknown>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the demo market alone, so that a test can make the sources fail. */
export async function startMarket(options: { tokens?: number; seed?: number } = {}): Promise<Market> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const home = mkdtempSync(join(tmpdir(), 'memescope-market-'));
  const args = ['market', '--port', String(port)];
  args.push('--tokens', String(options.tokens ?? 300), '--seed', String(options.seed ?? 1));
  const market = new Process(args, {}, home);
  const stop = async () => {
    await market.end('SIGTERM');
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await market.until(() => answers(`${url}/dexscreener/latest/dex/search?q=sol`), 'answering as DexScreener');
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    sources: {
      DEXSCREENER_URL: `${url}/dexscreener`,
      GECKOTERMINAL_URL: `${url}/geckoterminal/api/v2`,
      JUPITER_URL: `${url}/jupiter`,
      // Loopback: nobody's limit to keep.
      DEXSCREENER_BUDGET: '6000/1m',
      GECKOTERMINAL_BUDGET: '6000/1m:100',
      JUPITER_BUDGET: '100/1s:100',
    },
    control: async (order) => {
      const response = await fetch(`${url}/control`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(order),
      });
      if (!response.ok) throw new Error(`the market refused ${JSON.stringify(order)}: ${response.status} ${await response.text()}`);
    },
    stop,
  };
}
