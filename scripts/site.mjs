// Puts the site together: bundles the styles, names the three files of /pkg after
// their content, copies public/, and writes a .br and a .gz beside what shrinks.
//
//   node scripts/site.mjs <folder with memescope.js and memescope.wasm> <site folder>
//
// A file whose content is already there is left alone, and so are its compressed
// siblings; what is no longer wanted is removed.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { bundle } from 'lightningcss';

// Browsers that run the module anyway: nesting, layers, color-mix and light-dark stay as written.
const BROWSERS = { chrome: 123 << 16, firefox: 121 << 16, safari: (17 << 16) | (5 << 8) };

const [moduleDir, siteDir] = process.argv.slice(2);
if (!moduleDir || !siteDir) {
  console.error('usage: site.mjs <module folder> <site folder>');
  process.exit(2);
}

/** Paths of all files below `dir`, relative to it. */
function filesBelow(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath ?? entry.path, entry.name)));
}

/** `memescope.js` → `memescope.0123456789abcdef.js`: the name changes with the content. */
function hashedName(name, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  return name.replace(/^([^.]+)\./, `$1.${hash}.`);
}

function bundledStyles() {
  const { code, warnings } = bundle({ filename: 'style/main.css', minify: true, targets: BROWSERS });
  for (const warning of warnings) console.error(`style: ${warning.message}`);
  return Buffer.from(code);
}

const SHRINKS = /\.(js|mjs|wasm|css|svg|html|txt|json|webmanifest)$/;

/** path below the site → content */
const wanted = new Map();
for (const path of filesBelow('public')) wanted.set(path, readFileSync(join('public', path)));

const assets = {};
const pkg = {
  js: ['memescope.js', readFileSync(join(moduleDir, 'memescope.js'))],
  wasm: ['memescope.wasm', readFileSync(join(moduleDir, 'memescope.wasm'))],
  css: ['memescope.css', bundledStyles()],
};
for (const [kind, [name, content]] of Object.entries(pkg)) {
  assets[kind] = hashedName(name, content);
  wanted.set(join('pkg', assets[kind]), content);
}
// Scripts that crates bring along are imported by the module's script by their path.
for (const path of filesBelow(join(moduleDir, 'snippets'))) {
  wanted.set(join('pkg/snippets', path), readFileSync(join(moduleDir, 'snippets', path)));
}
wanted.set('pkg/assets.json', Buffer.from(`${JSON.stringify(assets)}\n`));

const keep = new Set();
for (const [path, content] of wanted) {
  const file = join(siteDir, path);
  keep.add(path);
  const same = existsSync(file) && readFileSync(file).equals(content);
  if (!same) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  if (!SHRINKS.test(path) || content.length < 256 || path === 'pkg/assets.json') continue;
  keep.add(`${path}.br`).add(`${path}.gz`);
  if (same && existsSync(`${file}.br`) && existsSync(`${file}.gz`)) continue;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  writeFileSync(`${file}.br`, brotliCompressSync(content, { params }));
  writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
}
for (const path of filesBelow(siteDir)) if (!keep.has(path)) rmSync(join(siteDir, path));

const kilobytes = (name) => (statSync(join(siteDir, 'pkg', `${name}.br`)).size / 1000).toFixed(1);
for (const name of Object.values(assets)) {
  if (existsSync(join(siteDir, 'pkg', `${name}.br`))) console.error(`    ${name}  ${kilobytes(name)} kB compressed`);
}
