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
 * Call `visit(place, corners, weights)` for each pixel of an affinely moved image: it is mixed of four pixels, and those
 * beyond the border weigh 0. Both lists are the same at every call.
 */
function eachPlace([xx, xy, x0, yx, yy, y0], height, width, visit) {
  const corners = new Int32Array(4),
    weights = new Float64Array(4);
  for (let row = 0, place = 0; row < height; row++) {
    const v = (2 * row + 1) / height - 1;
    for (let column = 0; column < width; column++, place++) {
      const u = (2 * column + 1) / width - 1;
      const x = ((xx * u + xy * v + x0 + 1) * width - 1) / 2,
        y = ((yx * u + yy * v + y0 + 1) * height - 1) / 2;
      const left = Math.floor(x),
        top = Math.floor(y);
      for (let k = 0; k < 4; k++) {
        const across = left + (k & 1),
          down = top + (k >> 1),
          inside = across >= 0 && across < width && down >= 0 && down < height;
        corners[k] = inside ? down * width + across : 0;
        weights[k] = inside ? (1 - Math.abs(x - across)) * (1 - Math.abs(y - down)) : 0;
      }
      visit(place, corners, weights);
    }
  }
}

const MIDDLE = 0.5; // what lies beyond the border

/** An image as seen through an affine map, gray outside. */
export function affine({values, height, width}, map) {
  const places = height * width,
    moved = image(height, width);
  eachPlace(map, height, width, (place, corners, weights) => {
    for (let plane = 0; plane < 3 * places; plane += places) {
      let sum = MIDDLE;
      for (let k = 0; k < 4; k++) sum += weights[k] * (values[plane + corners[k]] - MIDDLE);
      moved.values[plane + place] = sum;
    }
  });
  return moved;
}

/** Its transpose: each pixel of the gradient goes back to the four it was mixed of. */
export function affineBack({values, height, width}, map) {
  const places = height * width,
    back = image(height, width);
  eachPlace(map, height, width, (place, corners, weights) => {
    for (let plane = 0; plane < 3 * places; plane += places)
      for (let k = 0; k < 4; k++) back.values[plane + corners[k]] += weights[k] * values[plane + place];
  });
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
