// The icons that a phone puts on its home screen, of the one drawing in public/favicon.svg.

import { mkdirSync, readFileSync } from 'node:fs';
import { chromium } from '@playwright/test';

const drawing = readFileSync('public/favicon.svg', 'utf8');
// Systems that cut a shape out of an icon, or round it themselves, get a square without corners of its own.
const square = drawing.replace(/ rx="7"/, '');
// A circle of four fifths is all that a mask leaves for sure: the three bars stand well inside of it.
const ICONS = [
  ['icon-192.png', 192, drawing],
  ['icon-512.png', 512, drawing],
  ['icon-maskable-512.png', 512, square],
  ['apple-touch-icon.png', 180, square],
];

mkdirSync('public/icons', { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage();
for (const [name, size, svg] of ICONS) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
  await page.screenshot({ path: `public/icons/${name}`, omitBackground: true });
}
await browser.close();
