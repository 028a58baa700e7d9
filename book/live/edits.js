// Edits: what is done to the picture between two steps (chapter 4), and the darkroom at the end (chapter 3).
import {extremes, image, map} from './images.js';
import {affine, blurred, gaussian, inverse, mixture, resize} from './resample.js';

export const clip = picture => map(picture, value => Math.min(Math.max(value, 0), 1));

export const blur = sigma => picture => blurred(picture, gaussian(sigma, 3 * sigma));

export const zoom = factor => picture => {
  const {height, width} = picture;
  return affine(picture, mixture(inverse(0, factor, 0, 0, height / width), height, width));
};

/** Moved and stretched to fill [0, 1]; a flat picture becomes middle gray. */
export function normalize(picture) {
  const [low, high] = extremes(picture.values);
  return map(picture, high > low ? value => (value - low) / Math.max(high - low, 1e-12) : () => 0.5);
}

/**
 * torchvision's adjust_sharpness(picture, 0): a mean over 3 × 3 whose middle counts five times, and then a clamp
 * to [0, 1].
 */
export function soften({values, height, width}) {
  const soft = Float32Array.from(values);
  for (let color = 0; color < 3; color++)
    for (let y = 1; y < height - 1; y++)
      for (let x = 1; x < width - 1; x++) {
        const at = (color * height + y) * width + x,
          up = at - width,
          down = at + width;
        soft[at] =
          (values[up - 1] +
            values[up] +
            values[up + 1] +
            values[at - 1] +
            5 * values[at] +
            values[at + 1] +
            values[down - 1] +
            values[down] +
            values[down + 1]) /
          13;
      }
  return clip(image(height, width, soft));
}

const twice = picture => resize(picture, 2 * picture.height, 2 * picture.width);

/** The end of the original recipe: enlarge, soften (which clamps first), stretch. */
export const develop = picture => normalize(soften(twice(picture)));

/** The mean to middle gray, `reach` standard deviations to black and white. */
function spread(picture, reach = 2.5) {
  const {values} = picture;
  let sum = 0,
    squares = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) ** 2;
  const unit = 2 * reach * Math.max(Math.sqrt(squares / (values.length - 1)), 1e-12);
  return map(picture, value => 0.5 + (value - mean) / unit);
}

/** Chapter 4's print: the mean to middle gray, one standard deviation to 0.14, cut off at black and white. */
export const expose = picture => clip(spread(picture, 1 / 0.28));

/** The same with the clamp last: enlarge, spread, soften. */
export const developLate = picture => soften(spread(twice(picture)));
