// An image is {values, height, width}: three planes of float32, red, green, blue, row by row, as in torch's (3, H, W).

export const image = (height, width, values = new Float32Array(3 * height * width)) => ({values, height, width});

/** The same size, each value changed by a function. */
export function map({values, height, width}, change) {
  const mapped = new Float32Array(values.length);
  for (let at = 0; at < values.length; at++) mapped[at] = change(values[at]);
  return image(height, width, mapped);
}

export function extremes(values) {
  let low = Infinity,
    high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Values in [0, 1] as the bytes of a canvas: red, green, blue and full opacity for each place. */
export function toBytes({values, height, width}) {
  const places = height * width,
    bytes = new Uint8ClampedArray(4 * places);
  for (let at = 0; at < places; at++) {
    for (let color = 0; color < 3; color++) bytes[4 * at + color] = 255 * values[color * places + at];
    bytes[4 * at + 3] = 255;
  }
  return bytes;
}

/** The bytes of a canvas as values in [0, 1]. */
export function fromBytes(bytes, height, width) {
  const made = image(height, width),
    places = height * width;
  for (let at = 0; at < places; at++)
    for (let color = 0; color < 3; color++) made.values[color * places + at] = bytes[4 * at + color] / 255;
  return made;
}
