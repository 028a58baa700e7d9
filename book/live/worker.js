// The worker: one climb at a time, a step and then an ear for what the page wants. All that it says is {say, job, ...}.
import {Climb} from './ascent.js';
import {Problem, readLive} from './files.js';
import {gif} from './gif.js';
import {fromBytes, toBytes} from './images.js';
import {open} from './network.js';
import {Random} from './random.js';
import {choicesOf, finished, optimizerOf, rebased, startOf} from './recipes.js';
import {resize} from './resample.js';

const FOLDER = new URL('.', import.meta.url).href.replace(/\/$/, '');
const JUDGE = 'efficientnet_lite0';
const FRAMES = 48; // of a film
const SHARE = 4; // showing takes no more than a fourth of the time

const networks = new Map();
let running = null,
  turn = 0; // a loop runs while the turn is its own

const tell = (say, rest = {}, transfer = []) => self.postMessage({say, ...rest}, transfer);

/** Let messages in; a timer would wait for milliseconds. */
const breathe = () =>
  new Promise(go => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      go();
    };
    port2.postMessage(null);
  });

/** A network of the site: fetched and opened once, however often it is asked for meanwhile. */
function network(name, engine = '') {
  const key = `${name} ${engine}`,
    coming = (what, bytes, all) => tell('coming', {what, bytes, all});
  if (!networks.has(key)) {
    const opened = readLive(FOLDER).then(live => open(live, name, engine, coming));
    networks.set(key, opened);
    opened.catch(() => networks.delete(key)); // another Start tries again
  }
  return networks.get(key);
}

/** A climb and what the page knows of it: its settings, the changes to come, the film so far. */
class Running {
  constructor({number, settings, photo, changes, target}, looker) {
    const random = new Random(settings.seed),
      picture = startOf(settings, random, photo);
    Object.assign(this, {
      number,
      settings,
      target,
      changes: [...changes],
      film: [],
      every: Math.ceil(settings.steps / FRAMES),
      shown: -Infinity,
      cost: 0,
    });
    this.climb = new Climb({
      picture,
      random,
      network: looker,
      steps: settings.steps,
      choices: choicesOf(settings),
      optimizer: optimizerOf(settings, picture),
    });
  }

  get step() {
    return this.climb.step;
  }

  get isOver() {
    return this.step >= this.settings.steps;
  }

  tell(say, rest, transfer) {
    tell(say, {job: this.number, ...rest}, transfer);
  }

  /** Settings that count from the next step on. In another basis, it goes on from the same image. */
  change(settings, again = false) {
    const {climb} = this,
      {basis} = this.settings;
    this.settings = {...this.settings, ...settings};
    if (this.settings.basis !== basis) {
      climb.picture = rebased(this.settings, climb.image);
      climb.touched();
      climb.optimizer = optimizerOf(this.settings, climb.picture);
    }
    climb.choices = choicesOf(this.settings);
    this.tell('changed', {step: this.step, settings, again});
  }

  /** One step; what comes meanwhile waits for its end. */
  up() {
    const step = this.oneStep();
    this.stepping = step.catch(() => {});
    return step;
  }

  /** One step, and in a dream perhaps another octave. Returns the score. */
  async oneStep() {
    const {climb, changes} = this;
    while (changes[0]?.step <= climb.step) this.change(changes.shift().settings, true);
    climb.network.normalize(this.settings.input === 'normalized');
    climb.network.want({...this.target, rivals: this.settings.rivals});
    const {score, slopes} = await climb.up();
    if (!Number.isFinite(score))
      throw new Problem(
        `After ${climb.step} steps the score is no longer a number: the steps are too long. ` +
          'Try a tenth of the learning rate.',
      );
    if (!slopes)
      throw new Problem(
        'No pixel changes the score here, so there is nowhere to climb: what was asked for is silent. ' +
          'Another seed, start or channel may not be.',
      );
    const {octave, sizes} = climb.picture;
    if (sizes && !this.isOver && octave < Math.floor((climb.step * sizes.length) / this.settings.steps)) {
      climb.picture.grow();
      climb.touched();
    }
    return (this.score = score);
  }

  /** Tell of a step; with the picture if the film wants it, if there is time, or if it must be. */
  show(score = null, must = false) {
    const began = performance.now(),
      filmed = this.step % this.every === 0;
    if (!must && !filmed && began - this.shown < SHARE * this.cost) return this.tell('step', {step: this.step, score});
    const {picture, image, network: looker} = this.climb,
      shown = finished(this.settings, picture, image);
    const {height, width} = shown,
      bytes = toBytes(shown);
    if (filmed) this.film.push({bytes: bytes.slice(), width, height});
    [this.shown, this.cost] = [performance.now(), performance.now() - began];
    return this.tell(
      'picture',
      {step: this.step, score, width, height, bytes: bytes.buffer, provider: looker?.provider},
      [bytes.buffer],
    );
  }

  /** The score of the picture as it is, seen without views. */
  async final() {
    return (await this.climb.network.look(this.climb.image)).score;
  }
}

/** Climb until a step, or the end, or until something else is wanted. */
async function run(until) {
  const mine = ++turn,
    climbing = running;
  await climbing.stepping; // of a loop that was stopped
  while (mine === turn && !climbing.isOver && climbing.step < until) {
    const score = await climbing.up();
    climbing.show(score, climbing.isOver || climbing.step >= until);
    await breathe();
  }
  if (mine !== turn) return;
  if (climbing.isOver) climbing.tell('done', {step: climbing.step, final: await climbing.final()});
  else climbing.tell('stopped', {step: climbing.step});
}

const does = {
  /** The picture with which a climb will begin; that needs no network. */
  preview({job}) {
    turn += 1;
    running = null;
    new Running(job, null).show();
  },

  async start({job}) {
    const mine = ++turn,
      looker = await network(job.network, job.engine);
    if (mine !== turn) return undefined;
    running = new Running(job, looker);
    running.tell('ready');
    running.show();
    return run(job.until);
  },

  go({until}) {
    return running && run(until);
  },

  async stop() {
    const stopped = running;
    turn += 1;
    await stopped?.stepping;
    if (!stopped || stopped !== running) return;
    stopped.show(stopped.score, true);
    stopped.tell('stopped', {step: stopped.step});
  },

  async change({settings}) {
    await running?.stepping;
    running?.change(settings);
  },

  film() {
    if (!running) return;
    const {buffer} = gif(running.film);
    tell('film', {bytes: buffer}, [buffer]);
  },

  async judge({job, bytes, width, height}) {
    const judge = await network(JUDGE, 'wasm'),
      {size, title} = judge.about;
    const seen = resize(fromBytes(new Uint8ClampedArray(bytes), height, width), size, size);
    tell('opinion', {job: job.number, title, guesses: await judge.guesses(seen)});
  },
};

self.onmessage = async ({data}) => {
  try {
    await does[data.do](data);
  } catch (error) {
    if (['start', 'go'].includes(data.do)) turn += 1;
    const why =
      error instanceof Problem ? error.message : `Something broke that should not (${error?.message ?? error}).`;
    tell('problem', {
      why,
      about: data.do,
      job: data.job?.number ?? (data.do === 'film' ? undefined : running?.number),
    });
  }
};
