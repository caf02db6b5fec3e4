// What is promised of the design values and of the fonts, for every palette in both themes. Needs no server.

import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { apart, contrast, EYES, over, type Rgb } from '../support/colour.ts';
import { codePoints } from '../support/font.ts';

const checkout = resolve(import.meta.dirname, '../..');
const tokens = readFileSync(join(checkout, 'style/tokens.css'), 'utf8');

const PALETTES = ['', 'cvd', 'east'] as const;
const THEMES = ['dark', 'light'] as const;
const GROUNDS = ['bg', 'surface', 'raised', 'hover'] as const;
const TEXTS = ['text', 'muted', 'faint', 'up', 'down', 'warn', 'focus'] as const;
const HUES = 12;

interface Colour {
  rgb: Rgb;
  opacity: number;
}

/** The browser's own reading of the values, so that what wins in the cascade is what is measured. */
async function colours(page: Page, theme: string, palette: string, more = ''): Promise<Record<string, Colour>> {
  const attributes = `${theme && `data-theme="${theme}"`} ${palette && `data-palette="${palette}"`}`;
  await page.setContent(`<!doctype html><html ${attributes}><head><style>${tokens}${more}</style></head><body></body></html>`);
  return page.evaluate((hues) => {
    const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
    const style = getComputedStyle(document.documentElement);
    const names = new Set<string>();
    const collect = (rules: CSSRuleList) => {
      for (const rule of rules) {
        for (const name of (rule as CSSStyleRule).style ?? []) if (name.startsWith('--c-')) names.add(name);
        if ('cssRules' in rule) collect(rule.cssRules as CSSRuleList);
      }
    };
    for (const sheet of document.styleSheets) collect(sheet.cssRules);
    const value = (name: string) => style.getPropertyValue(name).trim();
    const asked = Array.from(names, (name) => [name.slice('--c-'.length), value(name)]);
    for (let hue = 0; hue < hues; hue++) {
      asked.push([`tile-${hue}`, `oklch(${value('--tile-l')} ${value('--tile-c')} ${15 + hue * 30})`]);
    }
    return Object.fromEntries(
      asked.map(([name = '', css = '']) => {
        if (context === null || !CSS.supports('color', css)) throw new Error(`${name}: ${css} is no colour`);
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = css;
        context.fillRect(0, 0, 1, 1);
        const [r = 0, g = 0, b = 0] = context.getImageData(0, 0, 1, 1).data;
        // A canvas of eight bits loses what lies under an opacity; the values write it out.
        const washed = /rgba?\((\d+)[ ,]+(\d+)[ ,]+(\d+)[ ,/]+([\d.]+)\)/.exec(css);
        const colour = washed
          ? { rgb: washed.slice(1, 4).map(Number), opacity: Number(washed[4]) }
          : { rgb: [r, g, b], opacity: 1 };
        return [name, colour];
      }),
    ) as unknown as Record<string, Colour>;
  }, HUES);
}

for (const theme of THEMES) {
  for (const palette of PALETTES) {
    test.describe(`${palette || 'usual'} colours, ${theme}`, () => {
      test('text reads on every ground that it stands on, also where its digits have just changed', async ({ page }) => {
        const all = await colours(page, theme, palette);
        const rgb = (name: string) => all[name]?.rgb ?? ([0, 0, 0] as const);
        const found: string[] = [];
        const check = (what: string, front: Rgb, back: Rgb, least: number) => {
          const is = contrast(front, back);
          if (is < least) found.push(`${what}: ${is.toFixed(2)} of ${least}`);
        };
        for (const ground of GROUNDS) {
          for (const text of TEXTS) check(`${text} on ${ground}`, rgb(text), rgb(ground), 4.5);
        }
        for (const ground of ['bg', 'hover']) {
          for (const way of ['up', 'down']) {
            const wash = all[`${way}-wash`];
            if (wash) check(`${way} on its wash on ${ground}`, rgb(way), over(wash.rgb, wash.opacity, rgb(ground)), 4.5);
          }
        }
        check('the chosen tab', rgb('on-ink'), rgb('ink'), 4.5);
        for (let hue = 0; hue < HUES; hue++) check(`a letter on tile ${hue}`, rgb('tile-text'), rgb(`tile-${hue}`), 4.5);
        // Borders of controls, and the mark of the focus.
        for (const ground of ['bg', 'surface', 'raised']) {
          check(`line-strong on ${ground}`, rgb('line-strong'), rgb(ground), 3);
          check(`focus on ${ground}`, rgb('focus'), rgb(ground), 3);
        }
        expect(found).toEqual([]);
      });

      test('up and down differ for eyes that lack a kind of cone', async ({ page }) => {
        const all = await colours(page, theme, palette);
        const least = palette === 'cvd' ? 23 : 12;
        for (const [eye, matrix] of Object.entries(EYES)) {
          const [up, down] = [all.up?.rgb, all.down?.rgb];
          if (up === undefined || down === undefined) throw new Error('both have a colour');
          expect(apart(up, down, matrix), `${eye}`).toBeGreaterThan(least);
        }
      });

      test('who leaves the choice to the system sees the same colours', async ({ page }) => {
        const chosen = await colours(page, theme, palette);
        await page.emulateMedia({ colorScheme: theme });
        expect(await colours(page, '', palette)).toEqual(chosen);
      });
    });
  }
}

/** Every character that the page's own texts are written with: what stands between quotes in its sources. */
function printed(): Set<string> {
  const found = new Set<string>();
  const files = (folder: string, kind: RegExp) =>
    readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' }).filter((name) => kind.test(name)).map((name) => join(checkout, folder, name));
  for (const file of [...files('app/src', /\.rs$/), ...files('src/format', /\.rs$/), join(checkout, 'src/format.rs'), ...files('style', /\.css$/)]) {
    const [code = ''] = readFileSync(file, 'utf8').split(/^#\[cfg\(test\)\]\n(?:#.*\n)*mod tests/m);
    const lines = code.split('\n').filter((line) => !/^\s*(\/\/|\/\*|\*)/.test(line));
    for (const [, , text = ''] of lines.join('\n').matchAll(/(["'])((?:\\.|(?!\1)[^\\])*)\1/g)) for (const char of text) found.add(char);
  }
  for (let code = 0x20; code < 0x7f; code++) found.add(String.fromCharCode(code));
  return found;
}

test('the fonts that travel with the page have every character that it writes by itself', () => {
  const known = new Set<number>();
  for (const name of readdirSync(join(checkout, 'public/fonts')).filter((file) => file.endsWith('.woff2'))) {
    for (const code of codePoints(readFileSync(join(checkout, 'public/fonts', name)))) known.add(code);
  }
  const all = printed();
  // What formats are made of is among what was found, or the search has gone blind.
  for (const char of '0123456789$%.,·—−↑↓×≥≤★☆✓…“”') expect(all, char).toContain(char);
  const missing = [...all].filter((char) => char >= ' ' && !known.has(char.codePointAt(0) ?? 0));
  expect(missing).toEqual([]);
});
