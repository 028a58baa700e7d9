// A film as a GIF: 256 colors for all of it (Heckbert's median cut), each frame packed by LZW, as GIF89a says.

const BITS = 5,
  LEVELS = 1 << BITS; // of each color, for counting
const cell = (bytes, at) => ((bytes[at] >> 3) << (2 * BITS)) | ((bytes[at + 1] >> 3) << BITS) | (bytes[at + 2] >> 3);

/** Split the box of colors that holds most until there are 256; each becomes the mean of what it holds. */
function palette(frames) {
  const count = new Float64Array(LEVELS ** 3),
    sums = [0, 1, 2].map(() => new Float64Array(LEVELS ** 3));
  for (const {bytes} of frames)
    for (let at = 0; at < bytes.length; at += 4) {
      const here = cell(bytes, at);
      count[here] += 1;
      for (let color = 0; color < 3; color++) sums[color][here] += bytes[at + color];
    }
  const level = (here, axis) => (here >> (BITS * (2 - axis))) & (LEVELS - 1);
  const box = cells => {
    const wide = [0, 1, 2].map(axis => {
      const levels = cells.map(here => level(here, axis));
      return Math.max(...levels) - Math.min(...levels);
    });
    return {
      cells,
      axis: wide.indexOf(Math.max(...wide)),
      weight: cells.reduce((sum, here) => sum + count[here], 0) * Math.max(...wide),
    };
  };
  const boxes = [box([...count.keys()].filter(here => count[here]))];
  while (boxes.length < 256) {
    boxes.sort((a, b) => b.weight - a.weight);
    if (!boxes[0].weight) break; // every box is one color
    const {cells, axis} = boxes.shift();
    cells.sort((a, b) => level(a, axis) - level(b, axis));
    const half = cells.reduce((sum, here) => sum + count[here], 0) / 2;
    let at = 0;
    for (let sum = count[cells[0]]; sum < half && at < cells.length - 2; sum += count[cells[++at]]);
    boxes.push(box(cells.slice(0, at + 1)), box(cells.slice(at + 1)));
  }
  const colors = new Uint8Array(3 * 256),
    nearest = new Uint8Array(LEVELS ** 3);
  boxes.forEach(({cells}, index) => {
    const all = cells.reduce((sum, here) => sum + count[here], 0);
    for (let color = 0; color < 3; color++)
      colors[3 * index + color] = Math.round(cells.reduce((sum, here) => sum + sums[color][here], 0) / all);
    for (const here of cells) nearest[here] = index;
  });
  return {colors, nearest};
}

/** Bytes as LZW codes of a growing length, lowest bit first. */
function packed(pixels) {
  const CLEAR = 256,
    END = 257,
    out = [];
  let known = new Map(),
    next = END + 1,
    length = 9,
    held = 0,
    bits = 0;
  const write = code => {
    held |= code << bits;
    for (bits += length; bits >= 8; bits -= 8, held >>>= 8) out.push(held & 255);
  };
  write(CLEAR);
  let run = pixels[0];
  for (let at = 1; at < pixels.length; at++) {
    const longer = run * 256 + pixels[at];
    if (known.has(longer)) {
      run = known.get(longer);
      continue;
    }
    write(run);
    run = pixels[at];
    known.set(longer, next++);
    if (next === (1 << length) + 1 && length < 12) length += 1;
    if (next === 4096) {
      write(CLEAR);
      [known, next, length] = [new Map(), END + 1, 9];
    }
  }
  write(run);
  write(END);
  if (bits) out.push(held & 255);
  return out;
}

const word = number => [number & 255, number >> 8];

/**
 * Frames {bytes, width, height} of one size as a GIF that repeats; the last stays longest. Times in hundredths of
 * a second.
 */
export function gif(frames, each = 7, last = 150) {
  const {width, height} = frames.at(-1),
    shown = frames.filter(frame => frame.width === width && frame.height === height);
  const {colors, nearest} = palette(shown),
    parts = [];
  const add = (...bytes) => parts.push(Uint8Array.from(bytes));
  add(...new TextEncoder().encode('GIF89a'), ...word(width), ...word(height), 0xf7, 0, 0);
  parts.push(colors);
  add(0x21, 0xff, 11, ...new TextEncoder().encode('NETSCAPE2.0'), 3, 1, 0, 0, 0); // for ever
  shown.forEach(({bytes}, k) => {
    const pixels = new Uint8Array(width * height);
    for (let at = 0; at < pixels.length; at++) pixels[at] = nearest[cell(bytes, 4 * at)];
    add(0x21, 0xf9, 4, 4, ...word(k === shown.length - 1 ? last : each), 0, 0);
    add(0x2c, 0, 0, 0, 0, ...word(width), ...word(height), 0, 8);
    const codes = packed(pixels);
    for (let at = 0; at < codes.length; at += 255) {
      const block = codes.slice(at, at + 255);
      add(block.length, ...block);
    }
    add(0);
  });
  add(0x3b);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
