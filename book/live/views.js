// Views: what the network looks through (chapters 4, 7 and 8). Each draws its numbers, looks through them, and sends a
// gradient back. As all are linear, or add something, the way back is a transpose.
import {image} from './images.js';
import {affine, affineBack, blurred, blurredBack, gaussian, inverse, mixture, roll} from './resample.js';

/** Shift by up to `pixels`; what leaves on one side enters on the other. Numbers: down, right. */
export const jitter = pixels => ({
  draw: random => [random.integer(-pixels, pixels), random.integer(-pixels, pixels)],
  look: (picture, [down, right]) => roll(picture, down, right),
  back: (gradient, [down, right]) => roll(gradient, -down, -right),
});

/** Turn, enlarge and shift in one resampling, gray outside. Numbers: angle, factor, right, down (in half sides). */
export function randomAffine(degrees, [low, high], pixels) {
  let last = {}; // the way back is along the mixture that the way there was
  const along = ({height, width}, numbers) => {
    if (last.numbers !== numbers || last.height !== height || last.width !== width)
      last = {numbers, height, width, mixed: mixture(inverse(...numbers, height / width), height, width)};
    return last.mixed;
  };
  return {
    draw: (random, {height, width}) => [
      (random.uniform(-degrees, degrees) * Math.PI) / 180,
      random.uniform(low, high),
      (2 * random.uniform(-pixels, pixels)) / width,
      (2 * random.uniform(-pixels, pixels)) / height,
    ],
    look: (picture, numbers) => affine(picture, along(picture, numbers)),
    back: (gradient, numbers) => affineBack(gradient, along(gradient, numbers)),
  };
}

/** A blur of up to `sigma` pixels. Numbers: the sigma drawn. */
export const randomBlur = sigma => ({
  draw: random => [Math.max(random.uniform(0, sigma), 0.1)],
  look: (picture, [drawn]) => blurred(picture, gaussian(drawn, 2 * sigma)),
  back: (gradient, [drawn]) => blurredBack(gradient, gaussian(drawn, 2 * sigma)),
});

/** Normal noise with a standard deviation of up to `std`. Numbers: the noise itself. */
export const noise = std => ({
  draw: (random, {values}) => {
    const drawn = random.uniform(0, std);
    return random.normal(values.length).map(x => drawn * x);
  },
  look: ({values, height, width}, numbers) =>
    image(
      height,
      width,
      values.map((value, at) => value + numbers[at]),
    ),
  back: gradient => gradient,
});
