// Makes what wasm-bindgen wrote ready to travel: without what nobody calls, under
// short names, and small.
//
//   node scripts/module.mjs <folder with memescope.js and memescope_bg.wasm>
//
// wasm-bindgen exports from module and script whatever a crate marks for it; of the
// streams that a library brings along this page never makes one. And it names what
// the two pass each other by words with a hash, which do not compress.

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

/** What the document calls; it starts the module by the default export. */
const CALLED = ['default', 'hydrate'];

// What rustc emits for this target; wasm-opt refuses what it is not told of.
const FEATURES = [
  'bulk-memory', 'bulk-memory-opt', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext',
].map((feature) => `--enable-${feature}`);

const [dir] = process.argv.slice(2);
if (!dir) {
  console.error('usage: module.mjs <folder of the module>');
  process.exit(2);
}

const IMPORTS = 2;
const EXPORTS = 7;

function number(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 127) << shift;
    if (byte < 128) return [value >>> 0, at];
  }
}

function encoded(value) {
  const bytes = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value > 0);
  return Buffer.from(bytes);
}

const text = (string) => Buffer.concat([encoded(Buffer.byteLength(string)), Buffer.from(string)]);

function readText(bytes, at) {
  const [length, from] = number(bytes, at);
  return [bytes.toString('utf8', from, from + length), from + length];
}

/** Where the description of an import ends. */
function afterImport(bytes, at) {
  const kind = bytes[at++];
  const limits = () => {
    const flags = bytes[at++];
    [, at] = number(bytes, at);
    if (flags & 1) [, at] = number(bytes, at);
  };
  if (kind === 0) [, at] = number(bytes, at);
  else if (kind === 1) at++, limits();
  else if (kind === 2) limits();
  else if (kind === 3) at += 2;
  else throw new Error(`an import of the kind ${kind}`);
  return at;
}

/**
 * The module with its imports and exports passed through `change`, which is told the section and a name, and answers
 * with the name to write or with nothing where an export is to go.
 */
function withNames(wasm, change) {
  const parts = [wasm.subarray(0, 8)];
  for (let at = 8; at < wasm.length; ) {
    const id = wasm[at];
    const [length, from] = number(wasm, at + 1);
    const end = from + length;
    if (id !== IMPORTS && id !== EXPORTS) parts.push(wasm.subarray(at, end));
    else {
      let [count, place] = number(wasm, from);
      const entries = [];
      for (; count > 0; count--) {
        let owner;
        let name;
        if (id === IMPORTS) [owner, place] = readText(wasm, place);
        [name, place] = readText(wasm, place);
        const rest = place;
        place = id === IMPORTS ? afterImport(wasm, place) : number(wasm, place + 1)[1];
        const changed = change(id, name);
        const names = id === IMPORTS ? [text(owner), text(changed)] : [text(changed ?? '')];
        if (changed !== undefined) entries.push(Buffer.concat([...names, wasm.subarray(rest, place)]));
      }
      const body = Buffer.concat([encoded(entries.length), ...entries]);
      parts.push(Buffer.from([id]), encoded(body.length), body);
    }
    at = end;
  }
  return Buffer.concat(parts);
}

/** The script at `path` without what the document does not call. */
function called(path, minify) {
  const built = buildSync({
    stdin: { contents: `export { ${CALLED.join(', ')} } from './${path}'`, resolveDir: dir },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minifySyntax: true,
    minifyWhitespace: minify,
    minifyIdentifiers: minify,
    write: false,
    // Nothing of the page is disposed of by `using`, and a registry that nobody is entered in has no use.
    define: { 'Symbol.dispose': 'undefined' },
    pure: ['FinalizationRegistry'],
  });
  return built.outputFiles[0].text;
}

const bound = join(dir, 'memescope_bg.wasm');
const module = join(dir, 'memescope.wasm');
const script = join(dir, 'memescope.js');

// What the script uses of the module stays in it.
const used = new Set(Array.from(called('memescope.js', false).matchAll(/\bwasm\.(\w+)/g), ([, name]) => name));
writeFileSync(bound, withNames(readFileSync(bound), (id, name) => (id === IMPORTS || used.has(name) ? name : undefined)));

// Smaller still (-Oz), and the module is larger once compressed.
const strip = ['debug', 'producers', 'target-features'].map((what) => `--strip-${what}`);
execFileSync('wasm-opt', ['-Os', '-Os', ...FEATURES, ...strip, bound, '-o', module], { stdio: 'inherit' });

// What the module still imports stays in the script, and both call everything by a short name.
const short = { [IMPORTS]: new Map(), [EXPORTS]: new Map() };
const renamed = withNames(readFileSync(module), (id, name) => {
  const names = short[id];
  names.set(name, name.startsWith('_') || name.length > 12 ? `_${names.size.toString(36)}` : name);
  return names.get(name);
});
let source = readFileSync(script, 'utf8');
let entries = 0;
source = source.replace(/^ {8}(\w+): function\([^]*?^ {8}\}.*,$/gm, (entry, name) => {
  const now = short[IMPORTS].get(name);
  if (!now) return '';
  entries += 1;
  return entry.replace(name, now);
});
if (entries !== short[IMPORTS].size) {
  throw new Error(`the module imports ${short[IMPORTS].size} things, the script has ${entries} of them`);
}
source = source.replace(/\bwasm\.(\w+)/g, (whole, name) => `wasm.${short[EXPORTS].get(name) ?? name}`);
writeFileSync(script, source);
writeFileSync(script, called('memescope.js', true));
writeFileSync(module, renamed);
rmSync(bound);
