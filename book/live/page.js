// The page: what the reader wants goes into the address and to the worker; what the worker draws is shown.
import {EXAMPLES, findTarget, limitsOf, readAddress, writeAddress} from './address.js';
import {plain, wordsFor} from './classes.js';
import {allow, copy, isAllowed, save, short} from './elements.js';
import {Problem, readLive} from './files.js';
import {Form} from './form.js';
import {Photo} from './photo.js';
import {RECIPES} from './recipes.js';
import {Stage} from './stage.js';

const ANEW = ['size', 'seed', 'steps', 'start', 'octaves']; // all other settings may change on the way
const PATIENCE = {coming: 60, climbing: 20}; // seconds without a word, after which a worker counts as lost
const HASTE = 400; // milliseconds after the end in which the large button, which said Stop, begins nothing
const JUDGE = 'efficientnet_lite0';
const AWAY = 'The climb rests while this tab is in the background; it goes on when you are back.';
const BACK = 'The climb rested while this tab was in the background.';
const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** Whether an address names a heading of the page, and nothing to draw. */
const isPlace = hash => hash.length > 1 && Boolean(document.getElementById(hash.slice(1)));

class Page {
  /**
   * `wanted` is what the address says: {words, photo, engine, until, changes, settings}, the settings at the start;
   * `now` are the settings as they are; `status` is idle, coming, climbing, resting or done; `job` numbers the climbs.
   */
  constructor(root, live) {
    const part = name => root.querySelector(`.climb-${name}`);
    const drawer = Object.values(live.networks).find(about => about.layers && about.classes.length);
    const classes = (drawer?.classes ?? []).map((name, index) => ({name, index, plain: plain(name)}));
    Object.assign(this, {root, live, part, classes, status: 'idle', job: 0, lastClass: EXAMPLES.class});
    this.folder = new URL(root.dataset.live, location.href).href;
    this.stage = new Stage(part);
    this.photo = new Photo(part, this.folder, {
      taken: (name, first) => this.dreamOf(name, first),
      refused: why => this.stage.trouble(why),
    });
    this.form = new Form(root, part, live, classes, {
      picked: (one, moves) => this.pick(one, moves),
      unknown: words => this.ask({words, recipe: this.recipeForAClass}),
      untouched: () => this.fill(),
      layer: (layer, channel) => this.ask({words: this.now.recipe === 'dream' ? layer : `${layer}:${channel}`}),
      recipe: recipe => this.ask({recipe}),
      setting: (key, value) => this.choose(key, value),
    });
    this.listen();
    this.read();
  }

  listen() {
    const on = (name, act) =>
      this.part(name).addEventListener('click', ({currentTarget}) => isAllowed(currentTarget) && act());
    this.part('go').addEventListener('pointerdown', () => {
      this.pressed = this.part('go').textContent;
    });
    on('go', () => {
      const meant = this.pressed ?? this.part('go').textContent;
      this.pressed = null;
      if (meant === this.part('go').textContent) this.go(); // or its word has changed under the finger
    });
    on('one', () => this.go(true));
    on('again', () => this.begin(true));
    on('other', () => {
      this.photo.forget();
      this.ask({photo: ''});
    });
    on('png', () => this.stage.save(this.name));
    on('gif', () => {
      allow(this.part('gif'), false);
      this.send({do: 'film'});
    });
    on('judge', () => this.judge());
    on('link', () => copy(location.href, this.part('link')));
    on('copy', () => copy(this.part('python').querySelector('code').textContent, this.part('copy')));
    window.addEventListener('hashchange', () => {
      if (isPlace(location.hash)) return this.write(); // a heading was gone to; what is drawn stays
      return location.hash === writeAddress(this.wanted) ? undefined : this.read();
    });
    document.addEventListener('visibilitychange', () => (document.hidden ? this.leave() : this.comeBack()));
    setInterval(() => this.watch(), 1000);
  }

  // --- what is wanted ---

  /** Take over what the address asks for. */
  read() {
    this.wanted = readAddress(isPlace(location.hash) ? '' : location.hash);
    this.begin();
  }

  /** A class was picked: one that a dream or a feature map cannot be of is visualized. */
  pick(one, moves) {
    this.ask({words: wordsFor(this.classes, one), recipe: this.recipeForAClass});
    if (moves) this.part('go').focus();
  }

  get recipeForAClass() {
    return ['feature', 'dream'].includes(this.now.recipe) ? 'visualize' : this.now.recipe;
  }

  /** There is a photograph: the first that a dream waited for, or another one, which begins a new climb. */
  dreamOf(name, first) {
    const isExpected = first || (name && name === this.wanted.photo);
    if (!isExpected || this.now.recipe !== 'dream') return this.ask({recipe: 'dream', photo: name});
    this.wanted.photo = name;
    this.write();
    return this.begin();
  }

  /** Something that begins a new climb: {words}, {recipe} or {photo}. */
  ask({words, recipe = this.now.recipe, photo = recipe === 'dream' ? this.wanted.photo : ''}) {
    const {size, seed} = this.now;
    if (this.target.index !== undefined) this.lastClass = this.wanted.words;
    Object.assign(this.wanted, {
      words: words ?? this.wordsThatSuit(recipe),
      photo,
      settings: recipe === this.now.recipe ? this.now : {...RECIPES[recipe], recipe, size, seed},
      until: null,
      changes: [],
    });
    this.write();
    this.begin();
  }

  /** A dream wants a layer, a feature map a channel, anything else a class or a channel. */
  wordsThatSuit(recipe) {
    const {words} = this.wanted,
      {want} = this.target,
      isChannel = want?.channel !== undefined;
    if (recipe === this.now.recipe) return words;
    if (recipe === 'dream') return want?.layer && !isChannel ? words : EXAMPLES.layer;
    if (recipe === 'feature') return isChannel ? words : EXAMPLES.channel;
    return want?.class === undefined ? this.lastClass : words;
  }

  /** One of the choices was changed: on the way if that can be, or for another climb. */
  choose(key, value) {
    this.stage.trouble(value === undefined ? limitsOf(key) : (this.target.problem ?? ''));
    if (value === undefined || value === this.now[key]) return this.fill();
    if (['climbing', 'resting'].includes(this.status) && !ANEW.includes(key))
      return this.send({do: 'change', settings: {[key]: value}});
    Object.assign(this.wanted, {settings: {...this.now, [key]: value}, until: null, changes: []});
    this.write();
    return this.begin();
  }

  write() {
    history.replaceState(history.state, '', writeAddress(this.wanted));
  }

  /** Forget the climb and show where the next one begins; with `starts`, let it begin. */
  begin(starts = false) {
    const {settings, words, photo, changes} = this.wanted,
      dream = settings.recipe === 'dream';
    if (['coming', 'climbing'].includes(this.status)) this.send({do: 'stop'});
    this.job += 1;
    Object.assign(this, {target: findTarget(this.live, words), now: {...settings}, rests: false, judging: false});
    this.stage.clear(settings.steps);
    this.stage.trouble(this.target.problem ?? '');
    const times = changes.length === 1 ? 'once' : `${changes.length} times`;
    this.stage.note(changes.length ? `Settings change ${times} on the way, as when this link was made.` : '');
    this.settle('idle');
    this.fill();
    if (!dream) this.photo.expectNone();
    if (dream && photo === 'chelsea' && this.photo.name !== 'chelsea') return this.photo.takeCat();
    if (!this.ready) return undefined;
    return starts ? this.start() : this.send({do: 'preview', job: this.order()});
  }

  /** Whether there is what a climb needs: something to climb to, and in a dream a photograph. */
  get ready() {
    return !this.target.problem && (this.now.recipe !== 'dream' || Boolean(this.photo.bitmap));
  }

  /** What the worker is to do. */
  order() {
    const {settings, changes, until, engine} = this.wanted,
      {network, want: target} = this.target;
    const photo = settings.recipe === 'dream' ? this.photo.image(2 * settings.size) : null;
    return {number: this.job, settings, changes, engine, until: until ?? Infinity, network, target, photo};
  }

  // --- the climb ---

  /** The large button: start, stop, go on. With `one`, a single step. */
  go(one = false) {
    if (this.status === 'done' && performance.now() - this.ended < HASTE) return undefined; // this was meant to stop it
    if (!one && this.status === 'coming') return this.begin();
    if (!one && this.status === 'climbing') return this.send({do: 'stop'});
    if (this.status === 'resting') return this.goOn(one);
    if (one) this.wanted.until = 1;
    return this.stage.isDrawn ? this.begin(true) : this.start();
  }

  start() {
    this.stage.trouble('');
    this.stage.speak(`Climbing: ${this.target.title}.`);
    this.settle('coming');
    this.send({do: 'start', job: this.order()});
  }

  goOn(one = false) {
    this.stage.trouble('');
    this.wanted.until = null;
    this.write();
    this.settle('climbing');
    this.send({do: 'go', until: one ? this.stage.step + 1 : Infinity});
  }

  /** A tab in the background rests: a phone would kill what computes there. */
  leave() {
    if (this.status !== 'climbing') return;
    this.rests = true;
    this.stage.trouble(AWAY);
    this.send({do: 'stop'});
  }

  comeBack() {
    this.heard = performance.now();
    if (!this.rests || this.status !== 'resting') return; // or it goes on when it has stopped
    this.rests = false;
    this.goOn();
    this.stage.trouble(BACK);
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

  hear({say, job = this.job, ...rest}) {
    const now = performance.now();
    if (this.status === 'climbing') this.slowest = Math.max(this.slowest ?? 0, now - this.heard);
    this.heard = now;
    if (job === this.job) this[`hear_${say}`](rest); // or it is of a climb that is over
  }

  hear_coming(rest) {
    if (this.status === 'coming' || this.judging) this.stage.coming(rest);
  }

  hear_ready() {
    this.stage.note(this.now.recipe === 'dream' && !this.photo.name ? 'Your photograph stays on this computer.' : '');
    this.settle('climbing');
    if (document.hidden) this.leave();
  }

  hear_picture(picture) {
    const {steps} = this.now,
      {step, score} = picture,
      first = !this.stage.isDrawn;
    this.stage.take(picture, this.facts, calm.matches && step % Math.max(1, Math.round(steps / 8)) > 0);
    if (step && step % Math.max(1, Math.round(steps / 4)) === 0)
      this.stage.speak(`Step ${step} of ${steps}, score ${short(score)}.`);
    if (first && this.stage.isDrawn) this.settle(this.status);
  }

  hear_step(step) {
    this.hear_picture(step);
  }

  hear_changed({step, settings, again}) {
    const {changes} = this.wanted,
      last = changes.at(-1);
    this.now = {...this.now, ...settings};
    if (!again) {
      if (last?.step === step) Object.assign(last.settings, settings);
      else changes.push({step, settings});
      this.write();
    }
    this.fill();
  }

  hear_stopped({step}) {
    this.settle('resting');
    this.stage.paint();
    if (this.rests) return document.hidden ? undefined : this.comeBack();
    this.wanted.until = step;
    this.write();
    return this.stage.speak(`Stopped at step ${step}.`);
  }

  hear_done({step, final}) {
    this.stage.final = final;
    this.ended = performance.now();
    this.settle('done');
    this.stage.paint();
    this.stage.speak(`Done after ${step} steps. The picture's score is ${short(final)}.`);
  }

  hear_film({bytes}) {
    save(new Blob([bytes], {type: 'image/gif'}), `${this.name}.gif`);
    this.settle(this.status);
  }

  judge() {
    const {width, height, bytes} = this.stage.picture;
    this.judging = true;
    this.settle(this.status);
    this.send({do: 'judge', job: {number: this.job}, bytes: bytes.slice(0), width, height});
  }

  hear_opinion(opinion) {
    this.judging = false;
    this.stage.note('');
    this.stage.opinion(opinion, this.target.index);
    this.settle(this.status);
  }

  hear_problem({why, about}) {
    this.judging = false;
    this.stage.note('');
    this.stage.trouble(why);
    this.settle(['start', 'go'].includes(about) ? 'idle' : this.status);
    this.stage.paint();
  }

  /** A worker that says nothing for too long was killed, by the browser or by somebody. */
  watch() {
    if (document.hidden || !(this.status in PATIENCE)) return;
    const patience = Math.max(1000 * PATIENCE[this.status], 4 * (this.slowest ?? 0));
    if (performance.now() - this.heard > patience)
      this.lost('The climb has stopped: the browser ended it, most likely for want of memory.');
  }

  lost(why) {
    this.worker?.terminate();
    Object.assign(this, {worker: null, judging: false});
    this.stage.note('');
    this.settle('idle');
    this.stage.trouble(`${why}${this.stage.isDrawn ? ' What was drawn is kept.' : ''} Start begins again.`);
  }

  // --- what is shown ---

  get facts() {
    const {title, index, author} = this.target;
    return {...this.now, title, index, author};
  }

  get name() {
    return `${this.wanted.words.replace(/[^a-z0-9-]+/gi, '-')}-${this.now.recipe}-${this.now.seed}`;
  }

  fill() {
    this.form.fill(this.target, this.now, this.wanted.words, this.photo.name);
    this.stage.count(this.now.steps);
    this.stage.paint(this.facts);
  }

  /** Let the buttons say what can be done. */
  settle(status) {
    this.status = this.root.dataset.status = status;
    const {part, ready, worker, judging, live} = this,
      dream = this.now.recipe === 'dream',
      busy = ['coming', 'climbing'].includes(status),
      drawn = this.stage.isDrawn,
      held = document.activeElement;
    part('go').textContent = {coming: 'Stop', climbing: 'Stop', resting: 'Go on', done: 'Again'}[status] ?? 'Start';
    part('go').disabled = !ready;
    allow(part('one'), ready && !busy && status !== 'done');
    part('again').hidden = status !== 'resting';
    part('png').disabled = !drawn;
    allow(part('gif'), drawn && !busy && Boolean(worker));
    allow(part('judge'), drawn && !busy && !judging && Boolean(live.networks[JUDGE]));
    part('drop').hidden = !dream || Boolean(this.photo.bitmap);
    part('other').hidden = !dream || !this.photo.bitmap || busy;
    if (this.root.contains(held) && held.closest('[hidden]')) part(ready ? 'go' : 'choose').focus();
  }
}

/** Bring the page to life, or say why that cannot be. */
export async function begin(root) {
  try {
    const live = await readLive(new URL(root.dataset.live, location.href).href);
    const missing = Object.entries(live.missing ?? {}).map(([what, why]) => `${what} (${why})`);
    if (!Object.keys(live.networks).length || !live.runtime)
      throw new Problem(`This site was built without what a climb needs: ${missing.join(', ')}.`);
    return new Page(root, live);
  } catch (problem) {
    const trouble = root.querySelector('.climb-trouble'),
      known = problem instanceof Problem;
    trouble.textContent = known ? problem.message : `This browser cannot show the climb (${problem.message}).`;
    trouble.hidden = false;
    for (const one of root.querySelectorAll('.climb-page :is(button, input, select)')) one.disabled = true;
    return null;
  }
}
