// Prints the stored board with its age. Old numbers are never shown as if they were of now.

const UNKNOWN = '—';

/** A sum in USD: 1.23M. */
function usd(value) {
  if (typeof value !== 'number') return UNKNOWN;
  const [divisor, unit] = value >= 1e9 ? [1e9, 'B'] : value >= 1e6 ? [1e6, 'M'] : value >= 1e3 ? [1e3, 'K'] : [1, ''];
  return `$${(value / divisor).toFixed(value >= 1e3 ? 2 : 0)}${unit}`;
}

/** A change in percent, with its sign in words of the page: an arrow. */
function change(value) {
  if (typeof value !== 'number') return UNKNOWN;
  return `${value > 0 ? '↑' : value < 0 ? '↓' : '·'}${Math.abs(value).toFixed(1)}%`;
}

/** How long ago, in its largest unit. */
function ago(then) {
  const minutes = Math.max(0, Math.round((Date.now() - then) / 60_000));
  if (minutes < 1) return 'less than a minute';
  if (minutes < 120) return `${minutes} min`;
  if (minutes < 2_880) return `${Math.round(minutes / 60)} hours`;
  return `${Math.round(minutes / 1_440)} days`;
}

function row(token) {
  const line = document.createElement('tr');
  const texts = [
    token.rank ?? UNKNOWN,
    token.symbol ?? UNKNOWN,
    token.price_usd === null ? UNKNOWN : `$${token.price_usd}`,
    change(token.change_pct?.h24),
    usd(token.volume_usd?.h24),
    usd(token.liquidity_usd),
  ];
  for (const text of texts) {
    const cell = document.createElement('td');
    // Names are other people's: text, never markup.
    cell.textContent = String(text);
    line.append(cell);
  }
  return line;
}

const answer = await fetch('/offline-board').catch(() => undefined);
const board = answer?.ok ? await answer.json().catch(() => undefined) : undefined;
const state = document.getElementById('state');
if (board?.data?.length > 0) {
  const made = Date.parse(board.meta.as_of);
  const demo = board.meta.market === 'demo' ? ' Numbers of the demo market.' : '';
  state.textContent = `The server cannot be reached. This is the last board, ${ago(made)} old.${demo}`;
  document.getElementById('age').textContent = `As of ${board.meta.as_of}`;
  document.querySelector('tbody').append(...board.data.map(row));
  document.querySelector('table').hidden = false;
} else {
  state.textContent = 'The server cannot be reached, and no board is stored in this browser.';
}
