// The book's recipes as settings, and what settings mean: the picture, the views, the edits, the darkroom.
import {blur, clip, develop, developLate, expose, normalize, zoom} from './edits.js';
import {Adam, MeanStep} from './optimizers.js';
import {Dream, Fourier, octaveSizes, Pixels} from './parameterizations.js';
import {jitter, noise, randomAffine, randomBlur} from './views.js';

const PLAIN = {
  size: 128,
  seed: 0,
  basis: 'pixels',
  start: 'gray',
  noise: 0.01,
  chroma: 0.5,
  gain: 0.2,
  input: 'normalized',
  rivals: 0,
  views: 'none',
  shift: 12,
  rate: 0.05,
  falls: false,
  decay: 0,
  blur: 0,
  zoom: 1,
  normalize: false,
  clip: false,
  every: 1,
  clamp: 'plain',
  octaves: 1,
};

export const RECIPES = {
  original: {...PLAIN, steps: 200, start: 'uniform', input: 'bare', rate: 5, decay: 0.1, clamp: 'first'},
  blurzoom: {...PLAIN, steps: 240, views: 'shift', blur: 0.8, zoom: 1.015, normalize: true, every: 3, clamp: 'exposed'},
  visualize: {...PLAIN, steps: 128, basis: 'waves', rivals: 0.5, views: 'wide', rate: 0.1, falls: true},
  feature: {...PLAIN, steps: 64, basis: 'waves', chroma: 1, gain: 0.25, views: 'gentle', rate: 0.1},
  dream: {...PLAIN, steps: 40, views: 'shift', shift: 32, rate: 0.01, octaves: 4},
};

/** Whether anything but these settings is otherwise than in the recipe. */
export const differs = (settings, keys) =>
  Object.entries(RECIPES[settings.recipe]).some(([key, value]) => !keys.includes(key) && settings[key] !== value);

/** What the network looks through: as in chapter 4, 5, 7 and 8. */
export function viewsOf({views, shift, size}) {
  const pixels = size / 28;
  return {
    none: () => [],
    shift: () => [jitter(shift)],
    gentle: () => [jitter(4), randomAffine(5, [1, 1], 0), randomAffine(0, [0.9, 1.1], 0)],
    wide: () => [randomAffine(20, [0.5, 1.4], pixels)],
    soft: () => [randomAffine(15, [0.5, 1.2], pixels), randomBlur(2), noise(0.2)],
  }[views]();
}

/** What is done to the picture after every so many steps, in the order of chapter 4. */
export function editsOf(settings) {
  const edits = [];
  if (settings.blur > 0) edits.push(blur(settings.blur));
  if (settings.zoom !== 1) edits.push(zoom(settings.zoom));
  if (settings.normalize) edits.push(normalize);
  const list = edits.map(change => ({change, every: settings.every}));
  const clips = settings.recipe === 'dream' || (settings.clip && settings.basis === 'pixels');
  return clips ? [...list, {change: clip, every: 1}] : list;
}

/** What may be changed on the way, as the loop wants it. */
export const choicesOf = settings => ({
  rate: settings.rate,
  falls: settings.falls,
  decay: settings.decay,
  views: viewsOf(settings),
  edits: editsOf(settings),
});

/** Where a climb begins; `photo` is an image, for a dream. */
export function startOf({recipe, basis, start, size, noise, chroma, gain, octaves}, random, photo) {
  if (recipe === 'dream') return new Dream(photo, octaveSizes(photo.height, photo.width, octaves));
  if (basis === 'waves') return Fourier.noise(size, random, {chroma, gain});
  return start === 'uniform' ? Pixels.uniform(size, random) : Pixels.gray(size, random, noise);
}

/** The same picture in the other basis. */
export function rebased({basis, chroma, gain}, picture) {
  return basis === 'waves' ? Fourier.photo(clip(picture), {chroma, gain}) : new Pixels(picture);
}

export const optimizerOf = ({recipe}, {parameters}) =>
  recipe === 'dream' ? new MeanStep() : new Adam(parameters.length);

/** From the image, of any values, to a picture in [0, 1]. */
export function finished({clamp, recipe}, start, picture) {
  if (recipe === 'dream') return start.develop(picture);
  return {plain: clip, first: develop, last: developLate, exposed: expose}[clamp](picture);
}
