// What is asked for stands in the address, #pomeranian&recipe=visualize&seed=3, so that a link draws the picture again.
// Only what differs from the recipe is written; `then=40:blur~1.2` was changed at step 40, `until=57` is where it ends.
import {nearest, plain, slug} from './classes.js';
import {RECIPES} from './recipes.js';

const CHOICES = {
  basis: ['pixels', 'waves'],
  start: ['gray', 'uniform'],
  input: ['normalized', 'bare'],
  clamp: ['plain', 'first', 'last', 'exposed'],
  views: ['none', 'shift', 'gentle', 'wide', 'soft'],
};
const LIMITS = {
  // from, to, and for whole numbers what they are multiples of
  size: [64, 320, 2],
  seed: [0, 2 ** 32 - 1, 1],
  steps: [1, 5000, 1],
  every: [1, 100, 1],
  octaves: [1, 6, 1],
  rate: [0, 1000],
  decay: [0, 10],
  blur: [0, 5],
  zoom: [0.8, 1.25],
  rivals: [0, 2],
  noise: [0, 1],
  shift: [0, 64, 1],
  chroma: [0.05, 3],
  gain: [0.01, 3],
};
// No change on the way alters these.
const AT_START = ['size', 'seed', 'steps', 'start', 'octaves', 'noise', 'chroma', 'gain'];
export const EXAMPLES = {class: 'pomeranian', channel: 'fire8:22', layer: 'fire7', photo: 'chelsea'};

/**
 * What to maximize, from words: a class (name or index), layer:channel, or a layer alone.
 * Returns {network, about, words, author, title, index, want}, or {problem}.
 */
export function findTarget(live, words) {
  const [layer, channel] = words.split(':'),
    networks = Object.entries(live.networks);
  const home = networks.find(([, about]) => Object.hasOwn(about.layers ?? {}, layer));
  if (home) {
    const [network, about] = home,
      {layers, title} = about,
      found = {network, about, words, author: title};
    if (channel === undefined) return {...found, title: layer, want: {layer}};
    if (/^\d+$/.test(channel) && Number(channel) < layers[layer])
      return {...found, title: `channel ${Number(channel)} of ${layer}`, want: {layer, channel: Number(channel)}};
    return {
      problem: `There is no channel ${channel} in ${layer}: its channels are numbered 0 to ${layers[layer] - 1}.`,
    };
  }
  const drawer = networks.find(([, about]) => about.layers && about.classes.length);
  if (!drawer) return {problem: 'This site has no network with classes; layers and their channels can be drawn.'};
  const [network, about] = drawer,
    {classes, title} = about,
    sought = slug(words);
  const index = /^\d+$/.test(sought) ? Number(sought) : classes.findIndex(name => slug(name) === sought);
  if (classes[index] !== undefined)
    return {network, about, words, author: title, title: classes[index], index, want: {class: index}};
  const meant = nearest(
    classes.map((name, k) => ({name, index: k, plain: plain(name)})),
    words.replaceAll('-', ' '),
  );
  return {problem: `There is no class “${words}”.${meant.length ? ` Did you mean ${meant.join(' or ')}?` : ''}`, meant};
}

/** One setting from text; undefined if it makes no sense. */
export function readSetting(key, text) {
  if (CHOICES[key]) return CHOICES[key].find(choice => String(choice) === text);
  if (LIMITS[key]) {
    const [low, high, whole] = LIMITS[key],
      value = Number(text);
    return text !== '' && value >= low && value <= high && (!whole || value % whole === 0) ? value : undefined;
  }
  return ['falls', 'normalize', 'clip'].includes(key) && /^[01]$/.test(text) ? text === '1' : undefined;
}

/** What a setting may be, in a sentence. */
export function limitsOf(key) {
  const [low, high, whole] = LIMITS[key],
    kinds = {1: 'a whole number ', 2: 'an even number '};
  return `${key}: ${kinds[whole] ?? 'a number '}from ${low.toLocaleString('en')} to ${high.toLocaleString('en')}.`;
}

const asText = value => (typeof value === 'boolean' ? String(Number(value)) : String(value));

function readChanges(text) {
  return (text ?? '')
    .split(';')
    .filter(Boolean)
    .map(part => {
      const [step, list = ''] = part.split(':'),
        settings = {};
      for (const pair of list.split(',')) {
        const [key, value = ''] = pair.split('~'),
          known = AT_START.includes(key) ? undefined : readSetting(key, value);
        if (known !== undefined) settings[key] = known;
      }
      return {step: Number(step), settings};
    })
    .filter(({step, settings}) => Number.isInteger(step) && step >= 0 && Object.keys(settings).length)
    .sort((a, b) => a.step - b.step);
}

/** What an address asks for: {words, photo, engine, until, changes, settings}. What makes no sense is left out. */
export function readAddress(hash) {
  const asked = new URLSearchParams(hash.replace(/^#/, '')),
    recipe = Object.hasOwn(RECIPES, asked.get('recipe')) ? asked.get('recipe') : 'visualize';
  const settings = {...RECIPES[recipe], recipe};
  let words = '';
  for (const [key, value] of asked) {
    if (value === '' && !words) words = key.trim();
    const known = Object.hasOwn(settings, key) && key !== 'recipe' ? readSetting(key, value) : undefined;
    if (known !== undefined) settings[key] = known;
  }
  const until = /^\d+$/.test(asked.get('until') ?? '') ? Number(asked.get('until')) : null;
  const engine = ['wasm', 'webgpu'].includes(asked.get('engine')) ? asked.get('engine') : '';
  const kind = {feature: 'channel', dream: 'layer'}[recipe] ?? 'class';
  return {
    words: words || EXAMPLES[kind],
    photo: asked.get('photo') ?? '',
    engine,
    until,
    changes: readChanges(asked.get('then')),
    settings,
  };
}

export function writeAddress({words, photo, engine, until, changes, settings}) {
  const {recipe} = settings,
    name = encodeURIComponent(words.trim().replaceAll(' ', '-')).replaceAll('%3A', ':'),
    parts = [name, `recipe=${recipe}`];
  for (const [key, value] of Object.entries(RECIPES[recipe]))
    if (settings[key] !== value) parts.push(`${key}=${asText(settings[key])}`);
  if (changes.length) {
    const list = changes.map(
      ({step, settings: changed}) =>
        `${step}:${Object.entries(changed)
          .map(([key, value]) => `${key}~${asText(value)}`)
          .join(',')}`,
    );
    parts.push(`then=${list.join(';')}`);
  }
  if (until !== null) parts.push(`until=${until}`);
  if (photo) parts.push(`photo=${encodeURIComponent(photo)}`);
  if (engine) parts.push(`engine=${engine}`);
  return `#${parts.join('&')}`;
}
