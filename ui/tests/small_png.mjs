// small_png.mjs - a screenshot with few colours, as a PNG with a palette: a fifth of the bytes.
import {crc32, deflateSync} from 'node:zlib';

// The browser reads the pixels: [width, height, base64 of RGB].
async function decode(page, png) {
  const [width, height, base64] = await page.evaluate(async (source) => {
    const image = new Image();
    image.src = `data:image/png;base64,${source}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const data = context.getImageData(0, 0, image.width, image.height).data, parts = [];
    for (let i = 0; i < data.length; i += 32768) parts.push(String.fromCharCode(...data.subarray(i, i + 32768)));
    return [image.width, image.height, btoa(parts.join(''))];
  }, png.toString('base64'));
  return {width, height, rgba: Buffer.from(base64, 'base64')};
}

const distance = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + ((a >> 8 & 255) - (b >> 8 & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;

// The commonest colours, each at least a little apart from those before it. What is coloured is rare on
// these pages and means something, so it counts more than grey.
const spread = (c) => Math.max(c >> 16, c >> 8 & 255, c & 255) - Math.min(c >> 16, c >> 8 & 255, c & 255);

function choose(all, most) {
  const weight = ([colour, count]) => count * (spread(colour) > 40 ? 20 : 1);
  const counts = all.filter(([, count]) => count > 8).sort((a, b) => weight(b) - weight(a)), palette = [];
  for (const apart of [100, 20]) {
    for (const [colour] of counts) {
      if (palette.length >= most) return palette;
      if (palette.every((p) => distance(p, colour) > apart)) palette.push(colour);
    }
  }
  return palette;
}

const checksum = crc32 ?? ((bytes) => {  // node before 20.15 has none
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
});

function chunk(kind, body) {
  const bytes = Buffer.concat([Buffer.from(kind), body]), length = Buffer.alloc(4), crc = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  crc.writeUInt32BE(checksum(bytes));
  return Buffer.concat([length, bytes, crc]);
}

export async function smallPng(page, png, most = 56) {
  const {width, height, rgba} = await decode(page, png), counts = new Map();
  for (let i = 0; i < rgba.length; i += 4) {
    const colour = rgba[i] << 16 | rgba[i + 1] << 8 | rgba[i + 2];
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = choose([...counts], most), nearest = new Map();
  for (const colour of counts.keys()) {
    let best = 0;
    for (let p = 1; p < palette.length; p++) if (distance(palette[p], colour) < distance(palette[best], colour)) best = p;
    nearest.set(colour, best);
  }
  const row = width + 1, raw = Buffer.alloc(row * height);  // a byte a pixel, no filter
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const i = (y * width + x) * 4;
    raw[y * row + 1 + x] = nearest.get(rgba[i] << 16 | rgba[i + 1] << 8 | rgba[i + 2]);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette.flatMap((c) => [c >> 16, c >> 8 & 255, c & 255]))),
    chunk('IDAT', deflateSync(raw, {level: 9})), chunk('IEND', Buffer.alloc(0))]);
}
