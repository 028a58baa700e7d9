// What is optimized. Each has `parameters` (numbers), `draw()` (the image that they mean), `slope(gradient)` (from the
// score's gradient with respect to the image to the one with respect to the parameters) and `edit(change)`.
// Chapters 2, 6 and 7 derive them.
import {image, map} from './images.js';
import {plane, spectrum} from './fourier.js';
import {resize} from './resample.js';

/** The image's own pixels (chapter 2). */
export class Pixels {
  constructor({values, height, width}) {
    Object.assign(this, {parameters: Float32Array.from(values), height, width});
  }

  static uniform(size, random) {
    return new Pixels(map(image(size, size), () => random.next()));
  }

  static gray(size, random, noise = 0.01) {
    const bumps = random.normal(3 * size * size);
    return new Pixels(
      image(
        size,
        size,
        bumps.map(bump => 0.5 + noise * bump),
      ),
    );
  }

  draw() {
    return image(this.height, this.width, this.parameters);
  }

  slope(gradient) {
    return gradient.values;
  }

  edit(change) {
    this.parameters.set(change(this.draw()).values);
  }
}

// How the colors of natural images vary together, one column an axis: light–dark, blue–yellow, green–magenta.
// Source: Lucid.
const AXES = [
  [0.26, 0.09, 0.02],
  [0.27, 0.0, -0.05],
  [0.27, -0.09, 0.03],
];
const LONGEST = Math.max(...[0, 1, 2].map(c => Math.hypot(...AXES.map(row => row[c]))));

/** The inverse of a 3 × 3 matrix. */
function invert([[a, b, c], [d, e, f], [g, h, i]]) {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  return [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ].map(row => row.map(x => x / determinant));
}

/** The image's spectrum, scaled like a natural image's, in decorrelated colors (chapter 7, sections 7.3 to 7.5). */
export class Fourier {
  constructor(size, {chroma = 1, gain = 0.25, decay = 1} = {}, parameters = null) {
    const half = size / 2 + 1,
      count = size * half;
    Object.assign(this, {size, parameters: parameters ?? new Float32Array(3 * count * 2)});
    this.axes = AXES.map(row => row.map((x, c) => (x / LONGEST) * (c ? chroma : 1)));
    this.scale = new Float32Array(count);
    this.steepness = new Float32Array(count);
    for (let row = 0, at = 0; row < size; row++)
      for (let column = 0; column < half; column++, at++) {
        const frequency = Math.hypot(row < half - 1 ? row : row - size, column), // waves a side
          twice = column && column < half - 1 ? 2 : 1; // half a spectrum stands for all of it
        this.scale[at] = gain * size * Math.max(frequency, 1) ** -decay;
        this.steepness[at] = twice * this.scale[at];
      }
  }

  static noise(size, random, options, std = 0.01) {
    const made = new Fourier(size, options);
    made.parameters.set(random.normal(made.parameters.length).map(value => std * value));
    return made;
  }

  static photo(picture, options) {
    const made = new Fourier(picture.height, options);
    made.edit(() => picture);
    return made;
  }

  /** The waves that the spectrum means (three planes along the color axes). */
  waves() {
    const {size, parameters, scale} = this,
      count = scale.length,
      re = new Float32Array(count),
      im = new Float32Array(count);
    return [0, 1, 2].map(color => {
      for (let at = 0, from = 2 * color * count; at < count; at++) {
        re[at] = scale[at] * parameters[from++];
        im[at] = scale[at] * parameters[from++];
      }
      return plane([re, im], size, size);
    });
  }

  draw() {
    const {size, axes} = this,
      [a, b, c] = this.waves(),
      drawn = image(size, size),
      {values} = drawn,
      places = size * size;
    axes.forEach(([p, q, r], color) => {
      for (let at = 0, to = color * places; at < places; at++, to++)
        values[to] = 1 / (1 + Math.exp(-(p * a[at] + q * b[at] + r * c[at])));
    });
    this.drawn = drawn;
    return drawn;
  }

  slope({values}) {
    const {size, axes, steepness} = this,
      drawn = this.drawn.values,
      places = size * size,
      count = steepness.length;
    const through = new Float32Array(3 * places),
      along = new Float32Array(places),
      slopes = new Float32Array(6 * count);
    for (let at = 0; at < 3 * places; at++) through[at] = values[at] * drawn[at] * (1 - drawn[at]);
    for (let axis = 0; axis < 3; axis++) {
      const [p, q, r] = axes.map(row => row[axis]);
      for (let at = 0; at < places; at++)
        along[at] = p * through[at] + q * through[places + at] + r * through[2 * places + at];
      const [re, im] = spectrum(along, size, size);
      for (let at = 0, to = 2 * axis * count; at < count; at++) {
        slopes[to++] = steepness[at] * re[at];
        slopes[to++] = steepness[at] * im[at];
      }
    }
    return slopes;
  }

  edit(change) {
    const {size, scale} = this,
      places = size * size,
      count = scale.length,
      along = new Float32Array(places),
      {values} = change(this.draw());
    const logits = values.map(value => {
      // the sigmoid reaches neither 0 nor 1
      const inside = Math.min(Math.max(value, 1e-3), 1 - 1e-3);
      return Math.log(inside / (1 - inside));
    });
    invert(this.axes).forEach(([p, q, r], axis) => {
      for (let at = 0; at < places; at++)
        along[at] = p * logits[at] + q * logits[places + at] + r * logits[2 * places + at];
      const [re, im] = spectrum(along, size, size);
      for (let at = 0, to = 2 * axis * count; at < count; at++) {
        this.parameters[to++] = re[at] / scale[at];
        this.parameters[to++] = im[at] / scale[at];
      }
    });
  }
}

/** The sizes [height, width] at which a dream is dreamt, smallest first (chapter 6). */
export function octaveSizes(height, width, octaves, factor = 1.4) {
  const sizes = [];
  for (let k = octaves - 1; k >= 0; k--)
    sizes.push([Math.round(height / factor ** k), Math.round(width / factor ** k)]);
  return sizes.filter(size => Math.min(...size) >= 32);
}

const sum = (a, b, sign = 1) =>
  image(
    a.height,
    a.width,
    a.values.map((value, at) => value + sign * b.values[at]),
  );

/** A photograph plus what has been dreamt into it, at one of several sizes (chapter 6). */
export class Dream {
  constructor(photo, sizes) {
    Object.assign(this, {photo, sizes, octave: 0, base: resize(photo, ...sizes[0])});
    this.parameters = new Float32Array(this.base.values.length);
  }

  get detail() {
    return image(this.base.height, this.base.width, this.parameters);
  }

  draw() {
    return sum(this.base, this.detail);
  }

  slope(gradient) {
    return gradient.values;
  }

  edit(change) {
    this.parameters.set(sum(change(this.draw()), this.base, -1).values);
  }

  /** Go on to the next octave: the photograph is scaled anew, only what was dreamt is enlarged. */
  grow() {
    const size = this.sizes[++this.octave];
    this.parameters = resize(this.detail, ...size).values;
    this.base = resize(this.photo, ...size);
  }

  /** What was dreamt, at the photograph's own size. */
  develop(picture) {
    const {photo} = this,
      dreamt = sum(picture, resize(photo, picture.height, picture.width), -1);
    return map(sum(photo, resize(dreamt, photo.height, photo.width)), value => Math.min(Math.max(value, 0), 1));
  }
}
