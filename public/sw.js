// Keeps the last board for the time when the server cannot be reached: a page that is
// asked for is the network's, and only where that does not answer the stored board's.

const SHELF = 'memescope-1';
const SHELL = ['/offline.html', '/offline.js', '/offline.css', '/favicon.svg'];
const BOARD = '/tokens?min_liquidity_usd=10000&limit=50';
const PATIENCE_MS = 3_000;
const RENEW_MS = 60_000;

let renewedAt = 0;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(SHELF)
      .then((shelf) => shelf.addAll(SHELL))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  const old = (names) => Promise.all(names.filter((name) => name !== SHELF).map((name) => caches.delete(name)));
  event.waitUntil(
    caches
      .keys()
      .then(old)
      .then(() => self.clients.claim())
      .then(keepBoard),
  );
});

/** Stores the board as it is now, at most once a minute. */
async function keepBoard() {
  const now = Date.now();
  if (now - renewedAt < RENEW_MS) return;
  renewedAt = now;
  const answer = await fetch(BOARD).catch(() => undefined);
  if (answer?.ok) await (await caches.open(SHELF)).put('/offline-board', answer);
}

async function fromShelf(path) {
  const kept = await (await caches.open(SHELF)).match(path);
  return kept ?? Response.error();
}

/** The network's answer, or the stored page when there is none in time. */
async function page(request) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, undefined);
  });
  const answer = await Promise.race([fetch(request).catch(() => undefined), late]);
  clearTimeout(timer);
  return answer ?? fromShelf('/offline.html');
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.mode === 'navigate') {
    event.respondWith(page(request));
    event.waitUntil(keepBoard());
  } else if (url.origin === self.location.origin && (SHELL.includes(url.pathname) || url.pathname === '/offline-board')) {
    event.respondWith(fetch(request).catch(() => fromShelf(url.pathname)));
  }
});

// A page that stays open for hours asks for it, so that the stored board is never much older than the last look.
self.addEventListener('message', (event) => {
  if (event.data === 'keep') event.waitUntil(keepBoard());
});
