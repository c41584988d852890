// Pictures of pages as PNG with at most 256 colours: a third of the size, and nobody sees it.

import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = 8;
/** What a pixel of these colour types has in bytes: red, green, blue, and for type 6 how much of it is seen. */
const BYTES = { 2: 3, 6: 4 };

/** The same picture with its 256 most frequent colours; each other one becomes the nearest of these. */
export function withFewerColours(png) {
  const { width, height, size, pixels } = read(png);
  const counts = new Map();
  const colour = (at) => (pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2];
  for (let at = 0; at < pixels.length; at += size) counts.set(colour(at), (counts.get(colour(at)) ?? 0) + 1);
  const palette = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([colour]) => colour);
  const places = new Map(palette.map((colour, place) => [colour, place]));
  for (const colour of counts.keys()) if (!places.has(colour)) places.set(colour, nearest(palette, colour));
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = places.get(colour((y * width + x) * size));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  const parts = [chunk("IHDR", header), chunk("PLTE", colours), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([png.subarray(0, SIGNATURE), ...parts]);
}

function nearest(palette, colour) {
  const apart = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;
  return palette.reduce((best, candidate, place) => (apart(candidate, colour) < apart(palette[best], colour) ? place : best), 0);
}

/** Size and pixels of a picture without interlace (PNG, third edition, §9). */
function read(png) {
  let data = Buffer.alloc(0);
  let [width, height, size] = [0, 0, 0];
  for (let at = SIGNATURE; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const body = png.subarray(at + 8, at + 8 + png.readUInt32BE(at));
    const type = png.toString("latin1", at + 4, at + 8);
    if (type === "IHDR") [width, height, size] = [body.readUInt32BE(0), body.readUInt32BE(4), BYTES[body[9]]];
    if (type === "IDAT") data = Buffer.concat([data, body]);
  }
  const [filtered, line] = [inflateSync(data), width * size];
  const pixels = Buffer.alloc(line * height);
  for (let y = 0; y < height; y += 1) {
    const filter = filtered[y * (line + 1)];
    for (let x = 0; x < line; x += 1) {
      const left = x < size ? 0 : pixels[y * line + x - size];
      const above = y === 0 ? 0 : pixels[(y - 1) * line + x];
      const corner = x < size || y === 0 ? 0 : pixels[(y - 1) * line + x - size];
      pixels[y * line + x] = filtered[y * (line + 1) + 1 + x] + predicted(filter, left, above, corner);
    }
  }
  return { width, height, size, pixels };
}

function predicted(filter, left, above, corner) {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  if (filter !== 4) return 0;
  const [a, b, c] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}

function chunk(type, body) {
  const named = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc(named));
  return Buffer.concat([length, named, sum]);
}

/** CRC-32 as PNG has it (§ D). */
function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
