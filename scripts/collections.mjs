// Runs docs/postman_collection.json and docs/bruno/ against a server: every request,
// with its tests. Reads as much of the two formats as these collections use, and
// refuses the rest, so that nothing is skipped in silence.
//
//   node scripts/collections.mjs http://127.0.0.1:8080

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const base = process.argv[2];
if (!base) {
  console.error('usage: collections.mjs <address of a server>');
  process.exit(2);
}

let passed = 0;
const failures = [];

/** One statement about an answer. */
function test(name, statement) {
  try {
    statement();
    passed += 1;
  } catch (error) {
    failures.push(`${name}: ${error.message}`);
  }
}

/** `{{name}}` → what is known by that name. */
function filled(text, variables) {
  return text.replace(/\{\{(\w+)\}\}/g, (_, name) => {
    assert.ok(variables.has(name), `nothing is known by the name ${name}`);
    return variables.get(name);
  });
}

async function ask(url, headers) {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** What the scripts of a Postman collection call `pm`. */
function postman(title, answer, variables) {
  const must = (is, words) => assert.ok(is, words);
  return {
    test: (name, statement) => test(`Postman, ${title}, ${name}`, statement),
    expect: (value) => ({
      to: {
        equal: (other) => assert.equal(value, other),
        include: (part) => must(String(value).includes(part), `${value} does not hold ${part}`),
        get exist() {
          return must(value !== undefined && value !== null, 'is not there');
        },
      },
    }),
    response: {
      to: { have: { status: (status) => assert.equal(answer.status, status) } },
      json: () => JSON.parse(answer.text),
      headers: { get: (name) => answer.headers.get(name) },
    },
    collectionVariables: { set: (name, value) => variables.set(name, value) },
  };
}

async function runPostman() {
  const collection = JSON.parse(readFileSync('docs/postman_collection.json', 'utf8'));
  const variables = new Map(collection.variable.map(({ key, value }) => [key, value])).set('base', base);
  for (const { name, request, event } of collection.item) {
    assert.equal(request.method, 'GET');
    const headers = Object.fromEntries(request.header.map(({ key, value }) => [key, value]));
    const answer = await ask(filled(request.url.raw, variables), headers);
    for (const { listen, script } of event) {
      assert.equal(listen, 'test');
      try {
        new Function('pm', script.exec.join('\n'))(postman(name, answer, variables));
      } catch (error) {
        failures.push(`Postman, ${name}: ${error.message}`);
      }
    }
  }
  return collection.item.length;
}

/** A file of Bruno: its blocks, each a list of keys and values. */
function blocks(text) {
  const found = new Map();
  for (const [, name, body] of text.matchAll(/^([a-z:-]+) \{\n(.*?)^\}$/gms)) {
    const lines = body.split('\n').filter((line) => line.trim() !== '');
    found.set(
      name,
      lines.map((line) => {
        const cut = line.indexOf(': ');
        return [line.slice(0, cut).trim(), line.slice(cut + 2)];
      }),
    );
  }
  return found;
}

/** What stands at a place such as `res.body.data[0].id`. */
function at(place, answer) {
  const header = place.match(/^res\.headers\['([^']+)'\]$/);
  if (header) return answer.headers.get(header[1]);
  if (place === 'res.status') return answer.status;
  const parts = place.replace(/^res\.body\.?/, '').split(/[.[\]]+/);
  return parts.filter((part) => part !== '').reduce((value, part) => value?.[part], JSON.parse(answer.text));
}

const MATCHERS = {
  eq: (value, text) => assert.equal(String(value), text),
  contains: (value, text) => assert.ok(String(value).includes(text), `${value} does not hold ${text}`),
  isDefined: (value) => assert.notEqual(value, undefined),
};
const BLOCKS = ['meta', 'get', 'params:query', 'headers', 'vars:post-response', 'assert'];

async function runBruno() {
  const folder = 'docs/bruno';
  const variables = new Map([['base', base]]);
  const names = readdirSync(folder).filter((name) => name.endsWith('.bru')).sort();
  for (const name of names) {
    const file = blocks(readFileSync(join(folder, name), 'utf8'));
    for (const block of file.keys()) assert.ok(BLOCKS.includes(block), `${name}: ${block} is not understood`);
    const url = new Map(file.get('get')).get('url');
    // Bruno asks what stands in the table, and shows what stands in the address.
    const query = (file.get('params:query') ?? []).map((pair) => pair.join('=')).join('&');
    assert.equal(url.split('?')[1] ?? '', query, name);
    const answer = await ask(filled(url, variables), Object.fromEntries(file.get('headers') ?? []));
    for (const [place, condition] of file.get('assert')) {
      const [matcher, ...rest] = condition.split(' ');
      assert.ok(MATCHERS[matcher], `${name}: ${matcher} is not understood`);
      test(`Bruno, ${name}, ${place}`, () => MATCHERS[matcher](at(place, answer), rest.join(' ')));
    }
    for (const [variable, place] of file.get('vars:post-response') ?? []) variables.set(variable, at(place, answer));
  }
  return names.length;
}

const requests = [await runPostman(), await runBruno()];
assert.equal(requests[0], requests[1]);
for (const failure of failures) console.error(`    failed: ${failure}`);
console.log(`    ${requests[0]} requests of Postman and ${requests[1]} of Bruno`);
console.log(`  ${passed} passed`);
process.exit(failures.length === 0 && passed > requests[0] * 2 ? 0 : 1);
