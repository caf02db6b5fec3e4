// What the figures of the browser are read from: a probe inside the page, and the
// browser's own counters around it.

import { readFileSync } from 'node:fs';

/** Runs in the page before anything of the product does; keeps what it sees in `probe`. */
export function watchPage() {
  const probe = {
    lcp: 0, cls: 0, shifts: 0, live: 0, patch: 0, made: 0, elements: 0,
    events: [], frames: [], said: [], memory: null, running: false,
  };
  window.probe = probe;
  const observe = (type, keep, more = {}) =>
    new PerformanceObserver((list) => list.getEntries().forEach(keep)).observe({ type, buffered: true, ...more });
  observe('largest-contentful-paint', (entry) => (probe.lcp = entry.startTime));
  // As the vitals have it: the worst window of five seconds, which a second of rest ends.
  const window5 = { since: 0, last: -Infinity, sum: 0 };
  observe('layout-shift', ({ hadRecentInput, startTime: at, value }) => {
    if (hadRecentInput) return;
    if (at - window5.last > 1_000 || at - window5.since > 5_000) Object.assign(window5, { since: at, sum: 0 });
    window5.last = at;
    window5.sum += value;
    probe.shifts += value;
    probe.cls = Math.max(probe.cls, window5.sum);
  });
  const keepEvent = ({ name, startTime, duration, interactionId }) => probe.events.push({ name, startTime, duration, interactionId });
  observe('event', keepEvent, { durationThreshold: 16 });

  // The module's memory: its exports are nowhere else to be seen.
  for (const name of ['instantiateStreaming', 'instantiate']) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...words) => {
      const made = await original.apply(WebAssembly, words);
      probe.memory ??= (made.instance ?? made).exports.memory ?? null;
      return made;
    };
  }

  // A row that is only put to another place was there before.
  const rows = new WeakSet();
  const isNewRow = (node) => node.nodeName === 'TR' && node.dataset.id !== undefined && !rows.has(node) && Boolean(rows.add(node));
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
      if (probe.live === 0 && element?.closest?.('[data-testid=connection]')?.dataset.state === 'live') probe.live = performance.now();
      if (probe.live > 0 && probe.patch === 0 && type !== 'attributes' && element?.closest?.('#board td[data-col=price_usd]')) {
        probe.patch = performance.now();
      }
      for (const node of addedNodes) probe.made += isNewRow(node) ? 1 : 0;
      if (element?.closest?.('p[role=status]')) probe.said.push(performance.now());
    }
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['data-state'] });

  const frame = (at) => {
    if (probe.running) {
      probe.frames.push(at);
      // Counting the elements has a cost of its own: ten times a second is often enough.
      if (probe.frames.length % 6 === 0) probe.elements = Math.max(probe.elements, document.getElementsByTagName('*').length);
      requestAnimationFrame(frame);
    }
  };
  probe.start = () => {
    Object.assign(probe, { frames: [], made: 0, elements: 0, running: true });
    requestAnimationFrame(frame);
  };
  probe.stop = () => {
    probe.running = false;
    return { frames: probe.frames, made: probe.made, elements: probe.elements };
  };
}

/** A page with its counters: `open` makes one in a browser of its own profile. */
export class Probe {
  static async open(browser, { cpu = 1, slow4g = false } = {}) {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 }, locale: 'en-US', timezoneId: 'UTC', colorScheme: 'dark', serviceWorkers: 'block',
    });
    const page = await context.newPage();
    await page.addInitScript(watchPage);
    const probe = new Probe();
    Object.assign(probe, { browser, context, page, bytes: new Map(), ws: { frames: 0, bytes: 0 }, cdp: await context.newCDPSession(page) });
    const kinds = new Map();
    probe.cdp.on('Network.responseReceived', ({ requestId, type, response }) =>
      kinds.set(requestId, response.mimeType === 'application/wasm' ? 'wasm' : type.toLowerCase()));
    probe.cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      const kind = kinds.get(requestId) ?? 'other';
      probe.bytes.set(kind, (probe.bytes.get(kind) ?? 0) + encodedDataLength);
    });
    probe.cdp.on('Network.webSocketFrameReceived', ({ response }) => {
      probe.ws.frames += 1;
      // Binary frames come as base64.
      probe.ws.bytes += response.opcode === 2 ? Math.floor((response.payloadData.length * 3) / 4) : response.payloadData.length;
    });
    await probe.cdp.send('Network.enable');
    await probe.cdp.send('Performance.enable');
    if (slow4g) {
      const bits = 1_600_000;
      const shape = { offline: false, latency: 150, downloadThroughput: bits / 8, uploadThroughput: 750_000 / 8 };
      await probe.cdp.send('Network.emulateNetworkConditions', shape);
    }
    await probe.throttle(cpu);
    return probe;
  }

  async throttle(rate) {
    await this.cdp.send('Emulation.setCPUThrottlingRate', { rate });
  }

  /** Opens an address and waits until a change was shown. */
  async visit(url, timeout = 60_000) {
    await this.page.goto(url, { waitUntil: 'commit', timeout });
    await this.page.waitForFunction(() => window.probe?.patch > 0, undefined, { timeout, polling: 100 });
  }

  /** What the page and the browser's counters say of the first visit. */
  async first() {
    const told = await this.page.evaluate(() => ({
      fcp: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
      lcp: probe.lcp, cls: probe.cls, live: probe.live, patch: probe.patch,
    }));
    return { ...told, bytes: Object.fromEntries(this.bytes) };
  }

  async counters() {
    const { metrics } = await this.cdp.send('Performance.getMetrics');
    const at = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
    return { ...at, thread: await this.#threadSeconds(), ws: { ...this.ws }, wall: performance.now() / 1000 };
  }

  /** Seconds on the processor of the page's main thread; null where /proc does not tell. */
  async #threadSeconds() {
    const cdp = await this.browser.newBrowserCDPSession();
    const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
    await cdp.detach();
    const threads = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => {
      try {
        return Number(readFileSync(`/proc/${id}/task/${id}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
      } catch {
        return null;
      }
    });
    const known = threads.filter((seconds) => seconds !== null);
    return known.length ? known.reduce((sum, seconds) => sum + seconds, 0) : null;
  }

  /** What the main thread did while `work` ran, per second of it. */
  async during(work) {
    const before = await this.counters();
    const result = await work();
    const after = await this.counters();
    const wall = after.wall - before.wall;
    const share = (name) => (after[name] - before[name]) / wall;
    return {
      result, wall, busy: share('TaskDuration'), script: share('ScriptDuration'), style: share('RecalcStyleDuration'), layout: share('LayoutDuration'),
      thread: after.thread === null || before.thread === null ? null : share('thread'),
      frames: (after.ws.frames - before.ws.frames) / wall, bytes: (after.ws.bytes - before.ws.bytes) / wall,
    };
  }

  /** Bytes that stay after collecting: JavaScript's heap and the module's memory; and the nodes of the document. */
  async memory() {
    await this.cdp.send('HeapProfiler.collectGarbage');
    const { JSHeapUsedSize: heap, Nodes: nodes, JSEventListeners: listeners } = await this.counters();
    const wasm = await this.page.evaluate(() => probe.memory?.buffer.byteLength ?? null);
    const elements = await this.page.evaluate(() => document.getElementsByTagName('*').length);
    return { heap, wasm, nodes, listeners, elements };
  }

  /** Where the main thread's time goes while `work` runs: seconds by function, the most first. */
  async profile(work) {
    await this.cdp.send('Profiler.enable');
    await this.cdp.send('Profiler.setSamplingInterval', { interval: 500 });
    await this.cdp.send('Profiler.start');
    await work();
    const { profile } = await this.cdp.send('Profiler.stop');
    const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
    const spent = new Map();
    profile.samples.forEach((id, index) => {
      const { functionName, url, lineNumber } = frames.get(id);
      const name = `${functionName || '(anonymous)'} ${url.split('/').pop()}:${lineNumber}`;
      spent.set(name, (spent.get(name) ?? 0) + profile.timeDeltas[index] / 1e6);
    });
    return [...spent].sort((a, b) => b[1] - a[1]);
  }

  async close() {
    await this.context.close();
  }
}
