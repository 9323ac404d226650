// palette.mjs - measures the colours of src/style/tokens.css: contrast by WCAG 2, distance by
// CIEDE2000, colour blindness by the matrices of Machado, Oliveira and Fernandes (2009), severity 1,
// on linear RGB.
import {readFileSync} from 'node:fs';

export function tokens(path) {
  const text = readFileSync(path, 'utf8');
  const block = (head) => Object.fromEntries([...text.slice(text.indexOf(head)).split('}')[0].matchAll(/--([\w-]+): (#[0-9A-F]{6});/g)].map((m) => [m[1], m[2]]));
  const light = block(':root {');
  return {light, dark: {...light, ...block(':root[data-theme=dark]')}};
}

const channel = (v) => (v /= 255, v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
export const linear = (hex) => [1, 3, 5].map((i) => channel(parseInt(hex.slice(i, i + 2), 16)));
const luminance = (rgb) => 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];

export function contrast(a, b) {
  const [x, y] = [luminance(linear(a)), luminance(linear(b))].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
}

export const sights = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

export function lab(rgb) {
  const [r, g, b] = rgb.map((v) => Math.min(1, Math.max(0, v)));
  const f = (t) => t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 * t + 16) / 116;
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047), y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b),
    z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

export const chroma = (hex) => Math.hypot(...lab(linear(hex)).slice(1));

export function seen(hex, sight) {
  const rgb = linear(hex);
  return lab(sights[sight].map((row) => row.reduce((s, v, i) => s + v * rgb[i], 0)));
}

// CIEDE2000, after Sharma, Wu and Dalal (2005).
export function ciede2000([l1, a1, b1], [l2, a2, b2]) {
  const rad = Math.PI / 180, mean7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7;
  const g = 0.5 * (1 - Math.sqrt(mean7 / (mean7 + 25 ** 7)));
  const p1 = a1 * (1 + g), p2 = a2 * (1 + g), c1 = Math.hypot(p1, b1), c2 = Math.hypot(p2, b2);
  const angle = (b, a) => a === 0 && b === 0 ? 0 : (Math.atan2(b, a) / rad + 360) % 360;
  const h1 = angle(b1, p1), h2 = angle(b2, p2);
  let dh = h2 - h1;
  if (c1 * c2 === 0) dh = 0;
  else if (dh > 180) dh -= 360;
  else if (dh < -180) dh += 360;
  const dl = l2 - l1, dc = c2 - c1, big = 2 * Math.sqrt(c1 * c2) * Math.sin(dh / 2 * rad);
  const l = (l1 + l2) / 2, c = (c1 + c2) / 2;
  let h = h1 + h2;
  if (c1 * c2 !== 0) h = Math.abs(h1 - h2) <= 180 ? h / 2 : h < 360 ? (h + 360) / 2 : (h - 360) / 2;
  const t = 1 - 0.17 * Math.cos((h - 30) * rad) + 0.24 * Math.cos(2 * h * rad) + 0.32 * Math.cos((3 * h + 6) * rad) - 0.2 * Math.cos((4 * h - 63) * rad);
  const sl = 1 + 0.015 * (l - 50) ** 2 / Math.sqrt(20 + (l - 50) ** 2), sc = 1 + 0.045 * c, sh = 1 + 0.015 * c * t;
  const c7 = c ** 7, rt = -2 * Math.sqrt(c7 / (c7 + 25 ** 7)) * Math.sin(60 * Math.exp(-(((h - 275) / 25) ** 2)) * rad);
  return Math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (big / sh) ** 2 + rt * (dc / sc) * (big / sh));
}
