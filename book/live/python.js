// The same climb as a cell of a notebook, in the words of `helpers`.
import {inPython} from './classes.js';
import {differs} from './recipes.js';

const number = value => String(Number(value.toPrecision(6)));

/** `load_network(...)` for a network of the site, which may be a part of one of the book's. */
const loads = ({network, classes}) => `load_network("${network}"${classes.length ? '' : ', classifier=False'})`;

function objective({want, index}, {rivals}, classes) {
  if (index !== undefined) {
    const name = inPython(classes, classes[index]).replace(/^'(.*)'$/, '"$1"');
    return rivals
      ? ['class_margin', `class_margin(${name}, ${number(rivals)})`, name]
      : ['class_logit', `class_logit(${name})`, name];
  }
  if (want.channel !== undefined) return ['channel', `channel("${want.layer}", ${want.channel})`];
  return ['layer', `layer("${want.layer}")`];
}

function views({views, shift, size}, names) {
  const pixels = number(size / 28),
    use = (name, call) => {
      names.add(name);
      return call;
    };
  return {
    none: () => [],
    shift: () => [use('jitter', `jitter(${shift})`)],
    gentle: () => [use('jitter', 'jitter(4)'), use('rotate', 'rotate(5)'), use('scale', 'scale(0.9, 1.1)')],
    wide: () => [use('random_affine', `random_affine(20, (0.5, 1.4), ${pixels})`)],
    soft: () => [
      use('random_affine', `random_affine(15, (0.5, 1.2), ${pixels})`),
      use('random_blur', 'random_blur(2.0)'),
      use('noise', 'noise(0.2)'),
    ],
  }[views]();
}

function edits({blur, zoom, normalize, clip, basis, every}, names) {
  const often = every > 1 ? `, every=${every}` : '',
    list = [];
  const add = (name, call) => {
    names.add(name);
    list.push(call);
  };
  if (blur > 0) add('blur', `blur(${number(blur)}${often})`);
  if (zoom !== 1) add('zoom', `zoom(${number(zoom)}${often})`);
  if (normalize) add('normalize', `normalize(${every > 1 ? `every=${every}` : ''})`);
  if (clip && basis === 'pixels') add('clip', 'clip()');
  return list;
}

const IN_DEEP_DREAM = ['size', 'seed', 'steps', 'rate', 'octaves', 'views', 'shift'];
const PRINTS = {first: 'develop', last: 'spread_first', exposed: 'expose'};
const EXPOSE = `def expose(x, contrast=0.14):  # chapter 4: mean 0.5, this contrast, cut off at 0 and 1
    return (0.5 + contrast * (x - x.mean()) / x.std()).clamp(0, 1)


`;
const LATE = `def spread_first(x, reach=2.5):  # chapter 3: enlarge, spread, soften, and clamp last
    x = interpolate(x, scale_factor=2, mode="bilinear")
    return adjust_sharpness(0.5 + (x - x.mean()) / (2 * reach * x.std()), 0.0)


`;

/** A cell of Python that climbs the same hill. Torch draws its own noise, so it is a sibling, not the same picture. */
export function python(target, settings, classes, photo) {
  const {recipe, size, seed, steps, rate, decay} = settings,
    network = loads(target.about),
    names = new Set(['load_network', 'show_images']);
  const from = (...lines) => lines.join('\n');
  const [kind, wanted, name] = objective(target, settings, classes);
  if (recipe === 'dream') {
    const each = Math.max(1, Math.round(steps / settings.octaves)),
      reach = settings.views === 'shift' ? settings.shift : 0;
    const isMore = differs(settings, IN_DEEP_DREAM) || !['none', 'shift'].includes(settings.views);
    const seen = kind === 'layer' ? `"${target.want.layer}"` : wanted;
    return from(
      isMore ? '# deep_dream has no word for some of the choices made on the page; they are left out.' : '',
      `from helpers import ${kind === 'layer' ? '' : `${kind}, `}deep_dream, load_network, load_photo, show_images`,
      '',
      `photo = load_photo("${photo === 'chelsea' || !photo ? 'chelsea' : 'your_photograph.jpg'}", ${2 * size})`,
      `network = ${network}`,
      `result = deep_dream(photo, network, ${seen}, octaves=${settings.octaves}, steps=${each}, ` +
        `lr=${number(rate)}, ${reach === 32 ? '' : `jitter=${reach}, `}seed=${seed})`,
      'show_images(result)',
    ).trimStart();
  }
  if (recipe === 'original' && kind === 'class_logit' && !differs(settings, ['size', 'seed', 'steps', 'rate', 'decay']))
    return from(
      'from helpers import load_network, maximal_class_input, show_images',
      '',
      `network = ${network}`,
      `result = maximal_class_input(${name}, ${steps}, ${number(rate)}, ${number(decay)}, network=network, ` +
        `size=${size}, seed=${seed})`,
      'show_images(result)',
    );
  if (recipe === 'visualize' && kind === 'class_margin' && !differs(settings, ['size', 'seed', 'steps', 'rate']))
    return from(
      'from helpers import load_network, show_images, visualize',
      '',
      `network = ${network}`,
      `result = visualize(${name}, network, steps=${steps}, size=${size}, lr=${number(rate)}, seed=${seed})`,
      'show_images(result)',
    );
  names.add('ascend').add(kind);
  const looks = views(settings, names),
    does = edits(settings, names);
  const waves = settings.basis === 'waves',
    start = waves ? 'Fourier' : 'Pixels';
  names.add(start);
  if (settings.clamp === 'first') names.add('develop');
  const begin = waves
    ? `Fourier(${size}, seed=${seed}, chroma=${number(settings.chroma)}, gain=${number(settings.gain)})`
    : settings.start === 'uniform'
      ? `Pixels.uniform(${size}, seed=${seed})`
      : `Pixels.gray(${size}, seed=${seed}${settings.noise === 0.01 ? '' : `, noise=${number(settings.noise)}`})`;
  const late = settings.clamp === 'last',
    optimizer = decay > 0 ? 'AdamW' : 'Adam';
  const sorted = [...names].sort((a, b) => (a < b ? -1 : 1)).join(', ');
  const lines = [
    'from functools import partial',
    '',
    late && 'from torch.nn.functional import interpolate',
    `from torch.optim import ${optimizer}`,
    settings.falls && 'from torch.optim.lr_scheduler import CosineAnnealingLR',
    late && 'from torchvision.transforms.v2.functional import adjust_sharpness',
  ].filter(line => line || line === '');
  const argument = [
    wanted,
    `${network}${settings.input === 'bare' ? '.without_normalization()' : ''}`,
    begin,
    `steps=${steps}`,
    `optimizer=partial(${optimizer}, lr=${number(rate)}${decay > 0 ? `, weight_decay=${number(decay)}` : ''})`,
    settings.falls && `schedule=partial(CosineAnnealingLR, T_max=${steps})`,
    looks.length && `views=[${looks.join(', ')}]`,
    does.length && `edits=[${does.join(', ')}]`,
    settings.clamp !== 'plain' && `finish=${PRINTS[settings.clamp]}`,
    `seed=${seed}`,
  ].filter(Boolean);
  const defined = {last: `\n${LATE}`, exposed: `\n${EXPOSE}`}[settings.clamp] ?? '',
    imports = `${lines.join('\n')}\n\nfrom helpers import ${sorted}\n\n${defined}`;
  return `${imports}result = ascend(\n${argument.map(one => `    ${one},\n`).join('')})\nshow_images(result)`;
}
