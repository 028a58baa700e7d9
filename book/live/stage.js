// The picture, its curve and its caption; the sentence under it if something is wrong.
import {percent} from './classes.js';
import {Curve} from './curve.js';
import {make, megabytes, save, short} from './elements.js';
import {differs} from './recipes.js';

export const TITLES = {
  original: 'the original recipe',
  blurzoom: 'blur and zoom',
  visualize: 'visualize',
  feature: 'a feature map',
  dream: 'Deep Dream',
};
const PRINTED = 512; // a picture with fewer pixels a side is saved enlarged

export class Stage {
  constructor(part) {
    Object.assign(this, {part, canvas: part('canvas'), curve: new Curve(part('curve'))});
    this.clear(1);
  }

  /** Nothing is drawn yet of a climb of so many steps. */
  clear(steps) {
    Object.assign(this, {picture: null, step: 0, score: null, final: null, waiting: null});
    this.curve.clear(steps);
    this.part('opinion').replaceChildren();
  }

  get isDrawn() {
    return this.step > 0 && Boolean(this.picture);
  }

  /** Take over what the worker tells of a step; it is painted with the next frame, unless `later`. */
  take({step, score, bytes, ...rest}, facts, later = false) {
    Object.assign(this, {step, score, facts});
    if (bytes) this.picture = {bytes, ...rest};
    if (score !== null) this.curve.add(step, score);
    if (!later) this.waiting ??= requestAnimationFrame(() => this.paint());
  }

  paint(facts = this.facts) {
    cancelAnimationFrame(this.waiting);
    Object.assign(this, {facts, waiting: null});
    if (!this.picture) return;
    const {canvas, picture, step, score} = this,
      {width, height, bytes} = picture;
    if (this.painted !== picture) {
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
      canvas.getContext('2d').putImageData(new ImageData(new Uint8ClampedArray(bytes), width, height), 0, 0);
      canvas.toggleAttribute('data-wide', width !== height);
      this.painted = picture;
    }
    const {title, steps} = facts;
    canvas.setAttribute(
      'aria-label',
      step ? `${title}, after ${step} of ${steps} steps` : 'The start: nothing is drawn yet',
    );
    this.count(steps);
    this.part('score').textContent = score === null ? '' : `score ${short(score)}`;
    this.part('caption').textContent = step ? this.caption(facts) : '';
    this.curve.draw();
  }

  count(steps) {
    this.part('step').textContent = `step ${this.step} of ${steps}`;
  }

  /** What was drawn, by what, in how many steps, and how well. */
  caption(settings) {
    const {title, index, author, recipe, size, steps, seed} = settings,
      {step, final, picture} = this;
    const how = `${TITLES[recipe]}${differs(settings, ['size', 'seed', 'steps']) ? ', changed' : ''}`;
    const facts = [
      author,
      recipe !== 'dream' && `${size} × ${size}`,
      `${step < steps ? `${step} of ` : ''}${steps} steps`,
      `seed ${seed}`,
      picture.provider === 'webgpu' && 'on the GPU',
    ];
    const what = `${title[0].toUpperCase()}${title.slice(1)}${index === undefined ? '' : ` (${index})`}`;
    const score = final === null ? '' : ` Seen as it is, it scores ${short(final)}.`;
    return `${what} by ${how}: ${facts.filter(Boolean).join(', ')}.${score}`;
  }

  /** One sentence at the place of the picture, or none. */
  trouble(why) {
    this.part('trouble').textContent = why;
    this.part('trouble').hidden = !why;
  }

  note(words) {
    this.part('note').textContent = words;
    this.part('coming').hidden = true;
  }

  /** How much of a file has come. */
  coming({what, bytes, all}) {
    this.note(`Fetching ${what}: ${megabytes(bytes)}${all ? ` of ${megabytes(all)}` : ''} MB`);
    const bar = this.part('coming');
    bar.hidden = false;
    if (all) bar.value = bytes / all;
    else bar.removeAttribute('value');
  }

  /** For who hears the page. */
  speak(words) {
    this.part('spoken').textContent = words;
  }

  /** What another network sees, the class that was wanted in bold. */
  opinion({title, guesses}, wanted) {
    const items = guesses.map(({index, name, share}) =>
      make(
        'li',
        index === wanted ? {class: 'climb-right'} : {},
        make('span', {}, name),
        make('i', {'aria-hidden': 'true', style: `--share: ${(100 * share).toFixed(1)}%`}),
        make('span', {}, percent(share)),
      ),
    );
    this.part('opinion').replaceChildren(
      make('p', {class: 'climb-small'}, `${title}, which had no part in it, sees:`),
      make('ol', {}, ...items),
    );
  }

  /** The picture as a PNG, large enough to be sent. */
  save(name) {
    const {canvas} = this,
      times = Math.max(1, Math.ceil(PRINTED / Math.max(canvas.width, canvas.height)));
    const size = {width: times * canvas.width, height: times * canvas.height};
    const larger = Object.assign(document.createElement('canvas'), size),
      brush = larger.getContext('2d');
    brush.imageSmoothingQuality = 'high';
    brush.drawImage(canvas, 0, 0, size.width, size.height);
    larger.toBlob(blob => save(blob, `${name}.png`));
  }
}
