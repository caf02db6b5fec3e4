// Which characters a WOFF2 file has a glyph for: its directory, its one Brotli stream, and the table `cmap` in it.

import { brotliDecompressSync } from 'node:zlib';

/** What the six bits of a table's flags stand for, in the order of the format; 63 is a name written out. */
const TABLES = (
  'cmap head hhea hmtx maxp name OS/2 post cvt  fpgm glyf loca prep CFF  VORG EBDT EBLC gasp hdmx kern LTSH PCLT VDMX vhea vmtx ' +
  'BASE GDEF GPOS GSUB EBSC JSTF MATH CBDT CBLC COLR CPAL SVG  sbix acnt avar bdat bloc bsln cvar fdsc feat fmtx fvar gvar hsty ' +
  'just lcar mort morx opbd prop trak Zapf Silf Glat Gloc Feat Sill'
).match(/.{4}(?: |$)/g) ?? [];

const HEADER = 48;
const NAMED = 63;

/** The code points of the file. */
export function codePoints(file: Buffer): Set<number> {
  if (file.toString('latin1', 0, 4) !== 'wOF2') throw new Error('no WOFF2 file');
  const tables = file.readUInt16BE(12);
  let at = HEADER;
  const number = () => {
    for (let value = 0; ; ) {
      const byte = file.readUInt8(at++);
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
  };
  let offset = 0;
  let cmap: [number, number] | undefined;
  for (let table = 0; table < tables; table++) {
    const flags = file.readUInt8(at++);
    const index = flags & 63;
    let name = TABLES[index]?.slice(0, 4) ?? '';
    if (index === NAMED) {
      name = file.toString('latin1', at, at + 4);
      at += 4;
    }
    const version = flags >> 6;
    const plain = number();
    // Glyphs and their places are always rewritten but for version 3, all else only where a version says so.
    const rewritten = name === 'glyf' || name === 'loca' ? version !== 3 : version !== 0;
    const length = rewritten ? number() : plain;
    if (name === 'cmap') cmap = [offset, length];
    offset += length;
  }
  if (cmap === undefined) throw new Error('a font without a cmap');
  const data = brotliDecompressSync(file.subarray(at, at + file.readUInt32BE(20)));
  return mapped(data.subarray(cmap[0], cmap[0] + cmap[1]));
}

function mapped(cmap: Buffer): Set<number> {
  const found = new Set<number>();
  for (let record = 0; record < cmap.readUInt16BE(2); record++) {
    const table = cmap.subarray(cmap.readUInt32BE(4 + record * 8 + 4));
    const format = table.readUInt16BE(0);
    if (format === 4) segments(table, found);
    if (format === 12) groups(table, found);
  }
  return found;
}

function segments(table: Buffer, found: Set<number>): void {
  const twice = table.readUInt16BE(6);
  for (let at = 0; at < twice; at += 2) {
    const end = table.readUInt16BE(14 + at);
    const start = table.readUInt16BE(16 + twice + at);
    const delta = table.readUInt16BE(16 + 2 * twice + at);
    const place = 16 + 3 * twice + at;
    const range = table.readUInt16BE(place);
    for (let code = start; code <= end && code !== 0xffff; code++) {
      const glyph = range === 0 ? code + delta : table.readUInt16BE(place + range + 2 * (code - start));
      if ((glyph & 0xffff) !== 0) found.add(code);
    }
  }
}

function groups(table: Buffer, found: Set<number>): void {
  for (let group = 0; group < table.readUInt32BE(12); group++) {
    const from = 16 + group * 12;
    for (let code = table.readUInt32BE(from); code <= table.readUInt32BE(from + 4); code++) found.add(code);
  }
}
