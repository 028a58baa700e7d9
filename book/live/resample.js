// Linear maps of images and their transposes: what a view needs to send a gradient back through itself.
import {image} from './images.js';

/**
 * Where each pixel of a turned, enlarged and shifted image comes from: [xx, xy, x0, yx, yy, y0], in coordinates
 * from −1 to 1.
 */
export function inverse(angle, factor, right, down, heightByWidth) {
  const cos = Math.cos(angle) / factor,
    sin = Math.sin(angle) / factor;
  return [cos, sin * heightByWidth, right, -sin / heightByWidth, cos, down];
}

/**
 * What each pixel of an affinely moved image is mixed of: four pixels, the places and the weights of all one after the
 * other. Those beyond the border weigh 0.
 */
export function mixture([xx, xy, x0, yx, yy, y0], height, width) {
  const corners = new Int32Array(4 * height * width),
    weights = new Float32Array(4 * height * width),
    within = (at, size) => Math.min(Math.max(at, 0), size - 1);
  for (let row = 0, at = 0; row < height; row++) {
    const v = (2 * row + 1) / height - 1;
    for (let column = 0; column < width; column++, at += 4) {
      const u = (2 * column + 1) / width - 1;
      const x = ((xx * u + xy * v + x0 + 1) * width - 1) / 2,
        y = ((yx * u + yy * v + y0 + 1) * height - 1) / 2;
      const left = Math.floor(x),
        top = Math.floor(y),
        right = left + 1,
        bottom = top + 1;
      const upper = within(top, height) * width,
        lower = within(bottom, height) * width;
      corners[at] = upper + within(left, width);
      corners[at + 1] = upper + within(right, width);
      corners[at + 2] = lower + within(left, width);
      corners[at + 3] = lower + within(right, width);
      const ofLeft = left >= 0 && left < width ? right - x : 0,
        ofRight = right >= 0 && right < width ? x - left : 0;
      const ofTop = top >= 0 && top < height ? bottom - y : 0,
        ofBottom = bottom >= 0 && bottom < height ? y - top : 0;
      weights[at] = ofTop * ofLeft;
      weights[at + 1] = ofTop * ofRight;
      weights[at + 2] = ofBottom * ofLeft;
      weights[at + 3] = ofBottom * ofRight;
    }
  }
  return {corners, weights};
}

const MIDDLE = 0.5; // what lies beyond the border

/** An image as seen through an affine map, of which `mixture` told; gray outside. */
export function affine({values, height, width}, {corners, weights}) {
  const places = height * width,
    moved = image(height, width),
    now = moved.values;
  for (let plane = 0; plane < 3 * places; plane += places)
    for (let place = 0, at = 0; place < places; place++, at += 4)
      now[plane + place] =
        MIDDLE +
        weights[at] * (values[plane + corners[at]] - MIDDLE) +
        weights[at + 1] * (values[plane + corners[at + 1]] - MIDDLE) +
        weights[at + 2] * (values[plane + corners[at + 2]] - MIDDLE) +
        weights[at + 3] * (values[plane + corners[at + 3]] - MIDDLE);
  return moved;
}

/** Its transpose: each pixel of the gradient goes back to the four it was mixed of. */
export function affineBack({values, height, width}, {corners, weights}) {
  const places = height * width,
    back = image(height, width),
    found = back.values;
  for (let plane = 0; plane < 3 * places; plane += places)
    for (let place = 0, at = 0; place < places; place++, at += 4) {
      const value = values[plane + place];
      found[plane + corners[at]] += weights[at] * value;
      found[plane + corners[at + 1]] += weights[at + 1] * value;
      found[plane + corners[at + 2]] += weights[at + 2] * value;
      found[plane + corners[at + 3]] += weights[at + 3] * value;
    }
  return back;
}

/** Roll an image down and to the right, what leaves on one side entering on the other. */
export function roll({values, height, width}, down, right) {
  const rolled = image(height, width),
    wrap = (at, size) => ((at % size) + size) % size;
  for (let row = 0; row < 3 * height; row++) {
    const to = row - (row % height) + wrap((row % height) + down, height);
    for (let column = 0; column < width; column++)
      rolled.values[to * width + wrap(column + right, width)] = values[row * width + column];
  }
  return rolled;
}

/** Python's round: half goes to the even neighbor. */
const round = number => (Math.abs(number % 1) === 0.5 ? 2 * Math.round(number / 2) : Math.round(number));

/** A Gaussian's weights, as many as torchvision is given in helpers: `reach` sigmas to either side. */
export function gaussian(sigma, reach) {
  const side = Math.max(1, round(reach)),
    weights = [];
  for (let k = -side; k <= side; k++) weights.push(Math.exp(-(k * k) / (2 * sigma * sigma)));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map(weight => weight / sum);
}

/** Call `visit(to, from, weight)` for what each place of a line of length n is mixed of; the border is a mirror. */
function eachTap(n, weights, visit) {
  const side = (weights.length - 1) / 2;
  for (let to = 0; to < n; to++)
    for (let k = -side; k <= side; k++) {
      const from = Math.abs(to + k),
        mirrored = from < n ? from : 2 * (n - 1) - from;
      visit(to, mirrored, weights[k + side]);
    }
}

/** Mix the rows, or the columns, of an image: `tell(n, visit)` says what each of them is made of. */
function mix({values, height, width}, across, size, tell) {
  const taps = [],
    n = across ? width : height;
  tell(n, (to, from, weight) => taps.push(to, from, weight));
  const mixed = across ? image(height, size) : image(size, width),
    now = mixed.values,
    parts = Float64Array.from(taps);
  if (across) {
    for (let row = 0; row < 3 * height; row++)
      for (let k = 0; k < parts.length; k += 3)
        now[row * size + parts[k]] += parts[k + 2] * values[row * width + parts[k + 1]];
    return mixed;
  }
  for (let color = 0; color < 3; color++)
    for (let k = 0; k < parts.length; k += 3) {
      const to = (color * size + parts[k]) * width,
        from = (color * height + parts[k + 1]) * width,
        weight = parts[k + 2];
      for (let x = 0; x < width; x++) now[to + x] += weight * values[from + x];
    }
  return mixed;
}

/** A Gaussian blur with a mirror at the border, as torchvision's. */
export function blurred(picture, weights) {
  const tell = (n, visit) => eachTap(n, weights, visit);
  return mix(mix(picture, true, picture.width, tell), false, picture.height, tell);
}

/** Its transpose. */
export function blurredBack(gradient, weights) {
  const tell = (n, visit) => eachTap(n, weights, (to, from, weight) => visit(from, to, weight));
  return mix(mix(gradient, true, gradient.width, tell), false, gradient.height, tell);
}

/** Another size, smoothly and without aliasing: torchvision's resize(..., antialias=True), bilinear. */
export function resize(picture, height, width) {
  const tell = size => (n, visit) => {
    const scale = n / size,
      reach = Math.max(scale, 1);
    for (let to = 0; to < size; to++) {
      const center = (to + 0.5) * scale,
        first = Math.max(0, Math.trunc(center - reach + 0.5));
      const last = Math.min(n, Math.trunc(center + reach + 0.5)),
        weights = [];
      for (let from = first; from < last; from++)
        weights.push(Math.max(0, 1 - Math.abs((from - center + 0.5) / reach)));
      const sum = weights.reduce((a, b) => a + b);
      weights.forEach((weight, k) => visit(to, first + k, weight / sum));
    }
  };
  return mix(mix(picture, true, width, tell(width)), false, height, tell(height));
}
