// The page: what the reader wants goes into the address and to the worker; what the worker draws is shown.
import {EXAMPLES, findTarget, readAddress, readSetting, writeAddress} from './address.js';
import {percent, plain, wordsFor} from './classes.js';
import {Curve} from './curve.js';
import {Problem, readLive} from './files.js';
import {Photo} from './photo.js';
import {python} from './python.js';
import {RECIPES} from './recipes.js';
import {Search} from './search.js';

const TITLES = {original: 'the original recipe', blurzoom: 'blur and zoom', visualize: 'visualize', feature: 'a feature map', dream: 'Deep Dream'};
const ANEW = ['size', 'seed', 'steps', 'start', 'octaves']; // all other settings may change on the way
const NOT_FOR_DREAMS = ['basis', 'start', 'rivals', 'decay', 'clamp', 'seed'];
const PRINTED = 512; // a picture with fewer pixels a side is saved enlarged
const PATIENCE = {coming: 45, climbing: 8}; // seconds without a word, after which a worker counts as lost
const calm = matchMedia('(prefers-reduced-motion: reduce)');

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function short(score) {
  const size = Math.abs(score);
  return size < 1e5 ? score.toLocaleString('en', {maximumFractionDigits: size < 100 ? 2 : 0}) : score.toExponential(2);
}

const megabytes = bytes => (bytes / 1e6).toFixed(1);

class Page {
  constructor(root, live) {
    this.root = root;
    this.live = live;
    this.part = name => root.querySelector(`.climb-${name}`);
    this.folder = new URL(root.dataset.live, location.href).href;
    this.status = 'idle'; // coming, climbing, resting, done
    this.job = 0;
    this.lastClass = EXAMPLES.class;
    const drawer = Object.values(live.networks).find(about => about.layers && about.classes.length);
    this.classes = (drawer?.classes ?? []).map((name, index) => ({name, index, plain: plain(name)}));
    this.curve = new Curve(this.part('curve'));
    this.photo = new Photo(this.part, this.folder, {
      taken: name => this.tookPhoto(name),
      refused: why => this.trouble(why),
    });
    new Search(root.querySelector('#climb-query'), root.querySelector('#climb-found'), this.classes, one => {
      this.ask({words: wordsFor(this.classes, one), recipe: ['feature', 'dream'].includes(this.wanted.settings.recipe) ? 'visualize' : null});
      this.part('go').focus();
    });
    this.listLayers();
    this.listen();
    this.read();
  }

  listLayers() {
    const select = this.part('layer');
    for (const {layers, title} of Object.values(this.live.networks)) {
      if (!layers) continue;
      const group = make('optgroup', {label: title}, ...Object.keys(layers).map(layer => make('option', {value: layer}, layer)));
      select.append(group);
    }
  }

  listen() {
    const on = (name, kind, act) => this.part(name).addEventListener(kind, act);
    on('go', 'click', () => this.go());
    on('one', 'click', () => this.go(true));
    on('again', 'click', () => this.begin());
    on('other', 'click', () => { this.photo.forget(); this.ask({photo: ''}); });
    on('layer', 'change', () => this.pick());
    on('channel', 'change', () => this.pick());
    on('any', 'click', () => { this.part('channel').value = Math.floor(Math.random() * this.channels()); this.pick(); });
    on('png', 'click', () => this.savePicture());
    on('gif', 'click', () => { this.part('gif').disabled = true; this.send({do: 'film'}); });
    on('link', 'click', () => this.copy(location.href, this.part('link'), 'Copy the link'));
    on('copy', 'click', () => this.copy(this.part('python').querySelector('code').textContent, this.part('copy'), 'Copy'));
    on('judge', 'click', () => this.judge());
    for (const radio of this.root.querySelectorAll('[name=climb-recipe]')) radio.addEventListener('change', () => this.ask({recipe: radio.value}));
    for (const control of this.root.querySelectorAll('[data-key]')) {
      control.addEventListener('change', () => {
        const text = control.type === 'checkbox' ? String(Number(control.checked)) : control.value;
        this.choose(control.dataset.key, readSetting(control.dataset.key, text));
      });
    }
    window.addEventListener('hashchange', () => { if (location.hash !== writeAddress(this.wanted)) this.read(); });
    document.addEventListener('visibilitychange', () => (document.hidden ? this.leave() : this.comeBack()));
    setInterval(() => this.watch(), 1000);
  }

  // --- what is wanted ---

  /** Take over what the address asks for. */
  read() {
    this.wanted = readAddress(location.hash);
    this.begin(false);
  }

  /** Something that begins a new climb: {words}, {recipe} or {photo}. */
  ask({words, recipe, photo}) {
    const {settings} = this.wanted, target = findTarget(this.live, this.wanted.words);
    if (target.want?.class !== undefined) this.lastClass = this.wanted.words;
    if (words) this.wanted.words = words;
    if (photo !== undefined) this.wanted.photo = photo;
    if (recipe && recipe !== settings.recipe) {
      this.wanted.settings = {...RECIPES[recipe], recipe, size: settings.size, seed: settings.seed};
      if (!words) this.wanted.words = this.wordsThatSuit(recipe, target);
      if (recipe !== 'dream') this.wanted.photo = '';
    } else {
      this.wanted.settings = this.now;
    }
    Object.assign(this.wanted, {until: null, changes: []});
    this.write();
    this.begin(false);
  }

  /** A dream wants a layer, a feature map a channel; the others take a class or a channel. */
  wordsThatSuit(recipe, {want, words}) {
    const isLayer = want?.layer && want.channel === undefined, isChannel = want?.channel !== undefined;
    if (recipe === 'dream') return isLayer ? words : EXAMPLES.layer;
    if (recipe === 'feature') return isChannel ? words : EXAMPLES.channel;
    return this.lastClass;
  }

  /** One of the choices was changed: on the way if that can be, or for another climb. */
  choose(key, value) {
    if (value === undefined || value === this.now[key]) return this.fill();
    if (['climbing', 'resting'].includes(this.status) && !ANEW.includes(key)) return this.send({do: 'change', settings: {[key]: value}});
    Object.assign(this.wanted, {settings: {...this.now, [key]: value}, until: null, changes: []});
    this.write();
    return this.begin(false);
  }

  channels() {
    const layer = this.part('layer').value;
    return Object.values(this.live.networks).map(({layers}) => layers?.[layer]).find(Boolean) ?? 1;
  }

  /** A layer or a channel was picked. */
  pick() {
    const layer = this.part('layer').value, channel = Math.min(Math.max(0, Math.trunc(Number(this.part('channel').value))), this.channels() - 1);
    this.ask({words: this.now.recipe === 'dream' ? layer : `${layer}:${channel}`});
  }

  write() { history.replaceState(history.state, '', writeAddress(this.wanted)); }

  /** Forget the climb and show where the next one begins; then start it, unless told not to. */
  async begin(starts = true) {
    this.job += 1;
    const job = this.job, {settings, words, photo, changes} = this.wanted;
    if (starts && this.worker) this.send({do: 'stop'});
    this.target = findTarget(this.live, words);
    this.now = {...settings};
    this.drawn = null;
    this.waits = false;
    this.settle('idle');
    this.curve.clear(settings.steps);
    this.part('opinion').replaceChildren();
    this.trouble(this.target.problem ?? '');
    this.note(changes.length ? `Settings change ${changes.length === 1 ? 'once' : `${changes.length} times`} on the way, as they did when this link was made.` : '');
    this.fill();
    if (settings.recipe === 'dream' && photo === 'chelsea' && this.photo.name !== 'chelsea') return this.photo.takeCat();
    if (job !== this.job || this.target.problem || !this.ready()) return undefined;
    return starts ? this.start() : this.send({do: 'preview', job: this.order()});
  }

  /** Whether there is what a climb needs. A dream needs a photograph. */
  ready() { return this.now.recipe !== 'dream' || Boolean(this.photo.bitmap); }

  order() {
    const {settings, changes, until, engine} = this.wanted, dream = settings.recipe === 'dream';
    return {number: this.job, settings, changes, engine, until: until ?? Infinity, network: this.target.network, target: this.target.want,
      photo: dream ? this.photo.image(2 * settings.size) : null};
  }

  tookPhoto(name) { this.ask({recipe: 'dream', photo: name}); }

  // --- the climb ---

  /** The large button: start, stop, go on. With `one`, a single step. */
  go(one = false) {
    if (!one && ['coming', 'climbing'].includes(this.status)) return this.stop();
    if (this.status === 'resting') return this.goOn(one);
    if (this.target.problem || !this.ready()) return undefined;
    if (one || this.wanted.until !== null) this.wanted.until = one ? 1 : this.wanted.until;
    return this.status === 'done' ? this.begin() : this.start();
  }

  start() {
    this.trouble('');
    this.settle('coming');
    this.speak(`Climbing: ${this.target.title}.`);
    this.send({do: 'start', job: this.order()});
  }

  goOn(one = false) {
    this.trouble('');
    this.wanted.until = null;
    this.write();
    this.settle('climbing');
    this.send({do: 'go', until: one ? this.step + 1 : Infinity});
  }

  stop() {
    if (this.status === 'coming') return this.begin(false);
    return this.send({do: 'stop'});
  }

  leave() {
    if (!['climbing'].includes(this.status)) return;
    this.waits = true;
    this.send({do: 'stop'});
    this.trouble('The climb rests while this tab is in the background; it goes on when you are back.');
  }

  comeBack() {
    this.heard = performance.now();
    if (!this.waits) return;
    this.waits = false;
    if (this.status !== 'resting') return;
    this.goOn();
    this.trouble('The climb rested while this tab was in the background.');
  }

  // --- the worker ---

  send(message) {
    if (!this.worker) {
      this.worker = new Worker(`${this.folder}/worker.js`, {type: 'module'});
      this.worker.addEventListener('message', ({data}) => this.hear(data));
      this.worker.addEventListener('error', event => {
        event.preventDefault();
        this.lost('The part of this page that computes could not be started, or broke.');
      });
    }
    this.heard = performance.now();
    this.worker.postMessage(message);
  }

  hear({say, job, ...rest}) {
    const now = performance.now();
    if (['step', 'picture'].includes(say) && this.status === 'climbing') this.slowest = Math.max(this.slowest ?? 0, now - this.heard);
    this.heard = now;
    if (job !== undefined && job !== this.job) return; // of a climb that is over
    this[`hear_${say}`]?.(rest);
  }

  hear_coming({what, bytes, all}) {
    if (this.status !== 'coming' && !this.judging) return;
    const bar = this.part('coming');
    bar.hidden = false;
    if (all) bar.value = bytes / all;
    else bar.removeAttribute('value');
    this.note(`Fetching ${what}: ${megabytes(bytes)}${all ? ` of ${megabytes(all)}` : ''} MB`);
  }

  hear_ready() {
    this.part('coming').hidden = true;
    this.note('');
    this.settle('climbing');
  }

  hear_step({step, score}) {
    const {steps} = this.now;
    this.step = step;
    this.score = score;
    if (score !== null) this.curve.add(step, score);
    if (step && step % Math.max(1, Math.round(steps / 4)) === 0) this.speak(`Step ${step} of ${steps}, score ${short(score)}.`);
    if (calm.matches && step % Math.max(1, Math.round(steps / 8))) return;
    this.frame ??= requestAnimationFrame(() => this.paint());
  }

  hear_picture(picture) {
    this.drawn = picture;
    this.hear_step(picture);
  }

  hear_changed({step, settings, again}) {
    this.now = {...this.now, ...settings};
    if (!again) {
      const {changes} = this.wanted, last = changes.at(-1);
      if (last?.step === step) Object.assign(last.settings, settings);
      else changes.push({step, settings});
      this.write();
    }
    this.fill();
  }

  hear_stopped({step}) {
    this.step = step;
    if (!this.waits) {
      this.wanted.until = step;
      this.write();
    }
    this.settle('resting');
    this.paint();
    this.speak(`Stopped at step ${step}.`);
  }

  hear_done({step, final}) {
    this.final = final;
    this.settle('done');
    this.paint();
    this.speak(`Done after ${step} steps. The score of the picture is ${short(final)}.`);
  }

  hear_film({bytes}) {
    this.part('gif').disabled = false;
    this.save(new Blob([bytes], {type: 'image/gif'}), 'gif');
  }

  hear_opinion({title, guesses}) {
    this.judging = false;
    this.part('coming').hidden = true;
    this.note('');
    const items = guesses.map(({index, name, share}) => make('li', index === this.target.index ? {class: 'climb-right'} : {},
      make('span', {}, name), make('i', {'aria-hidden': 'true', style: `--share: ${(100 * share).toFixed(1)}%`}), make('span', {}, percent(share))));
    this.part('opinion').replaceChildren(make('p', {class: 'climb-small'}, `${title}, which had no part in it, sees:`), make('ol', {}, ...items));
    this.settle(this.status);
  }

  hear_problem({why, about}) {
    this.part('coming').hidden = true;
    this.note('');
    this.judging = false;
    this.trouble(why);
    if (about === 'start' || about === 'go') this.settle('idle', true);
    else this.settle(this.status);
    this.paint();
  }

  /** A worker that says nothing for too long was killed, by the browser or by somebody. */
  watch() {
    if (document.hidden || !(this.status in PATIENCE)) return;
    const patience = Math.max(PATIENCE[this.status] * 1000, this.status === 'climbing' ? 12 * (this.slowest ?? 0) : 0);
    if (performance.now() - this.heard > patience) this.lost('The climb has stopped: the browser ended it, most likely for want of memory.');
  }

  lost(why) {
    this.worker?.terminate();
    this.worker = null;
    this.part('coming').hidden = true;
    this.note('');
    this.judging = false;
    this.settle('idle', true);
    this.trouble(`${why} ${this.drawn?.step ? 'What was drawn is kept; ' : ''}Start begins again.`.replace('; Start', '; Start'));
  }

  // --- what is shown ---

  settle(status, broken = false) {
    this.status = status;
    const busy = ['coming', 'climbing'].includes(status), able = !this.target?.problem && this.ready();
    this.part('go').textContent = busy ? 'Stop' : status === 'resting' ? 'Go on' : status === 'done' ? 'Again' : 'Start';
    this.part('go').disabled = !able;
    this.part('one').disabled = busy || !able || status === 'done';
    this.part('again').hidden = status !== 'resting';
    const drawn = Boolean(this.drawn?.step);
    for (const name of ['png', 'gif']) this.part(name).disabled = !drawn || (name === 'gif' && (broken || busy));
    this.part('judge').disabled = !drawn || busy || !this.live.networks.efficientnet_lite0;
    const dream = this.now.recipe === 'dream';
    this.part('drop').hidden = !dream || Boolean(this.photo.bitmap);
    this.part('other').hidden = !dream || !this.photo.bitmap || busy;
    this.root.dataset.status = status;
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    if (!this.drawn) return;
    const {width, height, bytes} = this.drawn, {step, score} = this, canvas = this.part('canvas');
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    canvas.toggleAttribute('data-wide', width !== height);
    if (this.painted !== this.drawn) canvas.getContext('2d').putImageData(new ImageData(new Uint8ClampedArray(bytes), width, height), 0, 0);
    this.painted = this.drawn;
    const {steps} = this.now, title = this.target.title;
    canvas.setAttribute('aria-label', step ? `${title}, after ${step} of ${steps} steps` : 'The start: nothing drawn yet');
    this.part('step').textContent = `step ${step} of ${steps}`;
    this.part('score').textContent = score === null ? '' : `score ${short(score)}`;
    this.curve.draw();
    this.caption();
    if (step && this.part('png').disabled) this.settle(this.status);
  }

  caption() {
    const {drawn: {provider}, step, now: {recipe, steps, seed, size}} = this, {title, index, author} = this.target;
    const what = `${title[0].toUpperCase()}${title.slice(1)}${index === undefined ? '' : ` (${index})`}`;
    const facts = [author, recipe === 'dream' ? '' : `${size} × ${size}`, `${step < steps ? `${step} of ` : ''}${steps} steps`, recipe === 'dream' ? '' : `seed ${seed}`,
      provider === 'webgpu' ? 'on the GPU' : ''];
    this.part('caption').textContent = step
      ? `${what} by ${TITLES[recipe]}: ${facts.filter(Boolean).join(', ')}.${this.status === 'done' ? ` Seen as it is, it scores ${short(this.final)}.` : ''}` : '';
  }

  /** Let the form say what is wanted. */
  fill() {
    const {now, target} = this, {want} = target, dream = now.recipe === 'dream', query = this.root.querySelector('#climb-query');
    query.value = want?.class !== undefined || !want ? target.title ?? this.wanted.words : '';
    query.placeholder = want?.layer ? `now: ${target.title}; or type a class` : 'one of a thousand classes: zebra, teapot, …';
    for (const radio of this.root.querySelectorAll('[name=climb-recipe]')) radio.checked = radio.value === now.recipe;
    if (want?.layer) Object.assign(this.part('layer'), {value: want.layer});
    if (want?.channel !== undefined) this.part('channel').value = want.channel;
    this.part('channel').max = this.channels() - 1;
    this.part('of').hidden = this.part('any').hidden = dream;
    if (want?.layer) this.part('inside').open = true;
    for (const control of this.root.querySelectorAll('[data-key]')) {
      const key = control.dataset.key, value = now[key], row = control.closest('.climb-row');
      if (control.type === 'checkbox') control.checked = value;
      else control.value = String(value);
      row.hidden = (dream && NOT_FOR_DREAMS.includes(key)) || (key === 'start' && now.basis === 'waves') || (key === 'rivals' && Boolean(want?.layer));
      row.classList.toggle('climb-changed', value !== RECIPES[now.recipe][key]);
    }
    for (const option of this.root.querySelector('#climb-size').options) {
      const side = Number(option.value);
      option.textContent = dream ? `${2 * side}, the longer side` : `${side} × ${side}`;
    }
    this.part('step').textContent = `step 0 of ${now.steps}`;
    this.part('score').textContent = '';
    this.part('python').querySelector('code').textContent = target.problem ? '' : python(target, now, this.classes, this.photo.name);
    if (this.drawn?.step) this.paint();
    else this.part('caption').textContent = '';
  }

  trouble(why) {
    const place = this.part('trouble');
    place.textContent = why;
    place.hidden = !why;
  }

  note(words) { this.part('note').textContent = words; }

  speak(words) { this.part('spoken').textContent = words; }

  // --- what is kept ---

  get name() { return `${this.wanted.words.replace(/[^a-z0-9-]+/gi, '-')}-${this.now.recipe}-${this.now.seed}`; }

  save(blob, kind) {
    const link = make('a', {href: URL.createObjectURL(blob), download: `${this.name}.${kind}`});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  savePicture() {
    const canvas = this.part('canvas'), times = Math.max(1, Math.ceil(PRINTED / Math.max(canvas.width, canvas.height)));
    const larger = Object.assign(document.createElement('canvas'), {width: times * canvas.width, height: times * canvas.height});
    const brush = larger.getContext('2d');
    brush.imageSmoothingQuality = 'high';
    brush.drawImage(canvas, 0, 0, larger.width, larger.height);
    larger.toBlob(blob => this.save(blob, 'png'));
  }

  judge() {
    const {width, height, bytes} = this.drawn;
    this.judging = true;
    this.part('judge').disabled = true;
    this.send({do: 'judge', bytes: bytes.slice(0), width, height});
  }

  async copy(text, button, words) {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Copying is not allowed here';
    }
    setTimeout(() => { button.textContent = words; }, 2000);
  }
}

/** Bring the page to life, or say why that cannot be. */
export async function begin(root) {
  const trouble = root.querySelector('.climb-trouble');
  try {
    const live = await readLive(new URL(root.dataset.live, location.href).href);
    const missing = Object.entries(live.missing ?? {});
    if (!Object.keys(live.networks).length || !live.runtime)
      throw new Problem(`This site was built without what a climb needs: ${missing.map(([what, why]) => `${what} (${why})`).join(', ')}.`);
    return new Page(root, live);
  } catch (problem) {
    trouble.textContent = problem instanceof Problem ? problem.message : `This browser cannot show the climb (${problem.message}).`;
    trouble.hidden = false;
    root.querySelectorAll('.climb-page :is(button, input, select)').forEach(one => { one.disabled = true; });
    return null;
  }
}
