// Colours as numbers: how far apart two of them look, for whom, and how they read on each other.

export type Rgb = readonly [number, number, number];
type Three = readonly [number, number, number];
type Matrix = readonly [Three, Three, Three];

/** What a kind of eye sees of linear light, when it lacks one kind of cone (Machado, Oliveira and Fernandes 2009). */
export const EYES: Readonly<Record<string, Matrix>> = {
  'all cones': [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

const times = (matrix: Matrix, [x, y, z]: Three): Three => matrix.map((row) => row[0] * x + row[1] * y + row[2] * z) as unknown as Three;
const within = (value: number) => Math.min(1, Math.max(0, value));
const each = (three: Three, change: (value: number) => number) => three.map(change) as unknown as Three;

/** 0 to 255, gamma as on the screen → 0 to 1, as light adds up. */
const light = (colour: Rgb): Three =>
  each(colour, (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));

/** How bright a colour is, 0 to 1. */
const luminance = (colour: Rgb) => times([[0.2126, 0.7152, 0.0722], [0, 0, 0], [0, 0, 0]], light(colour))[0];

/** The contrast of the Web Content Accessibility Guidelines, 1 to 21. */
export function contrast(left: Rgb, right: Rgb): number {
  const [dark = 0, bright = 0] = [luminance(left), luminance(right)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}

/** `front` of an opacity over `back`. */
export const over = (front: Rgb, opacity: number, back: Rgb): Rgb =>
  front.map((value, at) => value * opacity + (back[at] ?? 0) * (1 - opacity)) as unknown as Rgb;

function oklab(linear: Three): Three {
  const cones = times(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]],
    linear,
  );
  return times(
    [[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]],
    each(cones, Math.cbrt),
  );
}

/** How far apart two colours look to an eye, in OKLab times 100: 2 is hardly seen, 10 at a glance. */
export function apart(left: Rgb, right: Rgb, eye: Matrix): number {
  const [a, b] = [left, right].map((colour) => oklab(each(times(eye, light(colour)), within))) as [Three, Three];
  return 100 * Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
