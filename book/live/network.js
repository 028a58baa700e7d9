// A network that knows its gradient: one graph, run by onnxruntime-web, on the GPU if that gives the right numbers and
// else in wasm.
import {fetchWhole, Problem} from './files.js';
import {image} from './images.js';

const FOLDER = new URL('.', import.meta.url).href;
const CLOSE = 1e-3; // how far the two may differ, relative to the largest number
const loaded = new Map();
let last = Promise.resolve();

/** The runtime's module with its wasm, fetched once; `tell(bytes so far)`. */
function runtime(live, kind, tell) {
  if (!loaded.has(kind)) {
    const coming = fetchRuntime(live, kind, tell);
    loaded.set(kind, coming);
    coming.catch(() => loaded.delete(kind)); // another Start tries again
  }
  return loaded.get(kind);
}

async function fetchRuntime({folder, builds}, kind, tell) {
  const [module, , wasm] = builds[kind].map(file => `${FOLDER}${folder}/${file}`);
  const importing = import(module).catch(() => {
    throw new Problem(
      `${module.split('/').pop()} is missing or broken on this site. Whoever built it can run “make book” again.`,
    );
  });
  // The runtime fetches its wasm again, from the browser's cache: only what it fetches by itself is kept compiled there.
  const [ort] = await Promise.all([importing, fetchWhole(wasm, {}, tell)]);
  Object.assign(ort.env.wasm, {wasmPaths: `${FOLDER}${folder}/`, numThreads: 1});
  ort.env.logLevel = 'error';
  return ort;
}

/** Whether there is a GPU that a worker may use; one that is imitated by the processor is none. */
async function hasGpu() {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    return Boolean(adapter) && !(adapter.isFallbackAdapter || adapter.info?.isFallbackAdapter);
  } catch {
    return false;
  }
}

const memoryIsOut = error => /memory|alloc|RangeError/i.test(`${error?.name} ${error?.message ?? error}`);

/** An error of the runtime as a sentence. */
function explained(error) {
  if (error instanceof Problem) return error;
  if (memoryIsOut(error))
    return new Problem('There is too little memory for this size: close other tabs, or choose a smaller one.');
  return new Problem(`The network could not be run here (${error?.message ?? error}).`);
}

async function session(ort, graph, provider) {
  return ort.InferenceSession.create(new Uint8Array(graph), {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
  });
}

/**
 * Fetch and open a network of the site.
 * `engine` is "wasm", "webgpu" or "" for the best that gives the right numbers.
 */
export async function open(live, name, engine = '', tell = () => {}) {
  const about = live.networks[name];
  if (!about) throw new Problem(`This site has no ${name}: ${live.missing?.[name] ?? 'it was not built with it'}.`);
  if (!live.runtime)
    throw new Problem(
      `This site has nothing to run a network with: ${live.missing?.runtime ?? 'it was not built with it'}.`,
    );
  if (typeof WebAssembly !== 'object')
    throw new Problem('This browser has no WebAssembly, which runs the network. Another one will.');
  const fetching = fetchWhole(`${FOLDER}${about.file}`, about, bytes => tell(about.title, bytes, about.bytes));
  const both = kind => Promise.all([runtime(live.runtime, kind, bytes => tell('onnxruntime', bytes)), fetching]);
  try {
    if (engine === 'webgpu' || (!engine && live.runtime.builds.webgpu && (await hasGpu()))) {
      try {
        const [ort, graph] = await both('webgpu');
        return new Network(ort, about, await session(ort, graph, 'webgpu'), await session(ort, graph, 'wasm'));
      } catch (error) {
        if (engine) throw error; // asked for by name; otherwise the processor does it
      }
    }
    const [ort, graph] = await both('wasm');
    return new Network(ort, about, await session(ort, graph, 'wasm'));
  } catch (error) {
    throw explained(error);
  }
}

const farApart = (a, b) => {
  let far = 0,
    largest = 0;
  for (let at = 0; at < a.length; at++) {
    far = Math.max(far, Math.abs(a[at] - b[at]));
    largest = Math.max(largest, Math.abs(b[at]));
  }
  return !(far <= CLOSE * largest); // not a number is far from everything
};

export class Network {
  constructor(ort, about, session, sure = null) {
    Object.assign(this, {ort, about, session, sure});
    this.provider = sure ? 'webgpu' : 'wasm';
    this.feeds = {};
    for (const name of session.inputNames) if (name !== 'image') this.feeds[name] = this.tensor([0], []);
    for (const [layer, channels] of Object.entries(about.layers ?? {})) {
      this.feeds[`${layer}_weight`] = this.tensor(new Float32Array(channels), [channels]);
      this.feeds[`${layer}_wanted`] = new ort.Tensor('bool', [false], []);
    }
    if (about.layers && about.classes.length)
      this.feeds.logits_weight = this.tensor(new Float32Array(about.classes.length), [about.classes.length]);
    this.normalize(true);
  }

  tensor(values, shape) {
    return new this.ort.Tensor('float32', Float32Array.from(values), shape);
  }

  /** Whether the network gets images as it was trained on, or whatever it is shown (chapter 3). */
  normalize(yes) {
    if (!this.about.layers) return;
    this.feeds.mean = this.tensor(yes ? this.about.mean : [0, 0, 0], [3]);
    this.feeds.std = this.tensor(yes ? this.about.std : [1, 1, 1], [3]);
  }

  /** What to maximize: {class, rivals}, {layer, channel} or {layer} for the mean square of all of it. */
  want({class: index, rivals = 0, layer, channel}) {
    for (const [name, tensor] of Object.entries(this.feeds)) if (!/^(mean|std)$/.test(name)) tensor.data.fill(0);
    if (index !== undefined) {
      this.feeds.logits_weight.data[index] = 1;
      this.feeds.rivals_weight.data[0] = rivals;
      return;
    }
    this.feeds[`${layer}_wanted`].data[0] = 1;
    if (channel !== undefined) this.feeds[`${layer}_weight`].data[channel] = 1;
    else this.feeds[`${layer}_square`].data[0] = 1;
  }

  /** One run, after those that were asked for before it: a runtime does one thing at a time. */
  run(session, {values, height, width}) {
    const feeds = {...this.feeds, image: new this.ort.Tensor('float32', values, [1, 3, height, width])};
    const found = last
      .then(() => session.run(feeds))
      .catch(error => {
        throw explained(error);
      });
    last = found.catch(() => {});
    return found;
  }

  /** The score of an image, and its gradient with respect to it. */
  async look(picture) {
    let found;
    try {
      found = await this.run(this.session, picture);
    } catch (error) {
      if (!this.sure) throw error;
    }
    if (this.sure) {
      // the first step: is the GPU right?
      const sure = await this.run(this.sure, picture);
      const wrong =
        !found || farApart(found.gradient.data, sure.gradient.data) || farApart(found.score.data, sure.score.data);
      const [used, other] = wrong ? [this.sure, this.session] : [this.session, this.sure];
      if (wrong) Object.assign(this, {provider: 'wasm'});
      Object.assign(this, {session: used, sure: null});
      if (wrong) found = sure;
      await other.release();
    }
    return {score: found.score.data[0], gradient: image(picture.height, picture.width, found.gradient.data)};
  }

  /** The five likeliest classes of a picture and their probabilities. */
  async guesses(picture, count = 5) {
    const {logits} = await this.run(this.session, picture),
      {classes} = this.about,
      values = [...logits.data];
    const most = Math.max(...values),
      total = values.reduce((sum, value) => sum + Math.exp(value - most), 0);
    return values
      .map((value, index) => ({index, name: classes[index], share: Math.exp(value - most) / total}))
      .sort((a, b) => b.share - a.share)
      .slice(0, count);
  }

  async close() {
    await Promise.all([this.session.release(), this.sure?.release()]);
  }
}
