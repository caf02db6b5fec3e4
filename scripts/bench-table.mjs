// Prints as a table what the benchmarks measured since a file was touched.
//
//   node scripts/bench-table.mjs target/criterion SINCE
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const [folder, since] = process.argv.slice(2);
const began = statSync(since).mtimeMs;

/** The folders of measurements below a folder: each holds what was measured, and its name. */
function* measurements(at) {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(at, entry.name);
    if (entry.name === 'new') yield path;
    else yield* measurements(path);
  }
}

/** Nanoseconds in the unit that reads best. */
function words(ns) {
  const [unit, divisor] = ns < 1e3 ? ['ns', 1] : ns < 1e6 ? ['µs', 1e3] : ns < 1e9 ? ['ms', 1e6] : ['s', 1e9];
  return `${Number((ns / divisor).toPrecision(3))} ${unit}`;
}

const rows = [];
for (const path of measurements(folder)) {
  const file = join(path, 'estimates.json');
  if (statSync(file).mtimeMs < began) continue;
  const { median } = JSON.parse(readFileSync(file, 'utf8'));
  const name = JSON.parse(readFileSync(join(path, 'benchmark.json'), 'utf8')).full_id;
  const { lower_bound: low, upper_bound: high } = median.confidence_interval;
  rows.push([name, words(median.point_estimate), `${words(low)} – ${words(high)}`]);
}
rows.sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
console.log('\n| What | Median | 95 % of medians |\n|---|---|---|');
for (const row of rows) console.log(`| ${row.join(' | ')} |`);
