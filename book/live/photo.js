// A photograph that is chosen, dropped, pasted or taken: read here, scaled here, and sent nowhere.
import {Problem} from './files.js';
import {fromBytes} from './images.js';

const UNREADABLE = 'This is no picture that the browser can read. JPEG, PNG, WebP, AVIF and GIF are fine.';
const HEIC = 'This browser cannot read HEIC, as some phones store photographs. Send or export it as a JPEG.';
const NARROW = 'This picture is too narrow to dream in: its longer side is more than seven times the shorter.';

const LARGEST = 1280; // pixels of what is kept of a photograph: twice as many as the largest dream has

/** A bitmap of a file, or of the camera, and no larger than is needed. */
async function decoded(source) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(source, {imageOrientation: 'from-image'});
  } catch {
    throw new Problem(/heic|heif/i.test(`${source.type} ${source.name}`) ? HEIC : UNREADABLE);
  }
  const {width, height} = bitmap,
    scale = LARGEST / Math.max(width, height);
  if (Math.min(width, height) * 7 < Math.max(width, height)) throw new Problem(NARROW);
  if (scale >= 1) return bitmap;
  const size = {resizeWidth: Math.round(scale * width), resizeHeight: Math.round(scale * height)};
  const smaller = await createImageBitmap(bitmap, {...size, resizeQuality: 'high'});
  bitmap.close();
  return smaller;
}

/** A bitmap as an image whose longer side has so many pixels. */
export function scaled(bitmap, longest) {
  const scale = longest / Math.max(bitmap.width, bitmap.height);
  const width = Math.round(bitmap.width * scale),
    height = Math.round(bitmap.height * scale);
  const canvas = Object.assign(document.createElement('canvas'), {width, height});
  const brush = canvas.getContext('2d', {willReadFrequently: true});
  brush.imageSmoothingQuality = 'high';
  brush.fillStyle = '#fff'; // behind what is transparent
  brush.fillRect(0, 0, width, height);
  brush.drawImage(bitmap, 0, 0, width, height);
  return fromBytes(brush.getImageData(0, 0, width, height).data, height, width);
}

/**
 * The places of the page that take a photograph. `taken(name, first)` when there is one, the first or another;
 * `refused(why)` when there is none.
 */
export class Photo {
  constructor(part, folder, {taken, refused}) {
    Object.assign(this, {part, folder, taken, refused, bitmap: null, name: '', switchOff: null, turn: 0});
    const frame = part('frame'),
      figure = part('figure');
    part('choose').addEventListener('click', () => part('file').click());
    part('file').addEventListener('change', () => {
      if (part('file').files[0]) this.take(part('file').files[0]);
      part('file').value = '';
    });
    part('cat').addEventListener('click', () => this.takeCat());
    part('camera').hidden = !navigator.mediaDevices?.getUserMedia;
    part('camera').addEventListener('click', () => this.film());
    part('shoot').addEventListener('click', () => this.shoot());
    for (const kind of ['dragenter', 'dragover', 'dragleave', 'drop']) {
      frame.addEventListener(kind, event => {
        if (![...(event.dataTransfer?.types ?? [])].includes('Files')) return;
        event.preventDefault();
        figure.classList.toggle('climb-over', kind.startsWith('drage') || kind === 'dragover');
        if (kind === 'drop') this.takeFrom(event.dataTransfer);
      });
    }
    document.addEventListener('paste', event => {
      if (!event.target.closest?.('input, textarea') && event.clipboardData?.files.length)
        this.takeFrom(event.clipboardData);
    });
  }

  /** The first picture in what was dropped or pasted, or whatever file there is. */
  takeFrom({files}) {
    const file = [...files].find(one => one.type.startsWith('image/')) ?? files[0];
    if (file) this.take(file);
  }

  async take(source, name = '') {
    const mine = ++this.turn,
      first = !this.bitmap;
    try {
      const bitmap = await decoded(source);
      if (mine !== this.turn) return undefined; // another one was given meanwhile, or none is wanted any more
      Object.assign(this, {bitmap, name});
    } catch (problem) {
      return mine === this.turn ? this.refused(problem instanceof Problem ? problem.message : UNREADABLE) : undefined;
    }
    return this.taken(name, first);
  }

  /** The cat of scikit-image, for who has no photograph at hand. */
  async takeCat() {
    const mine = ++this.turn;
    try {
      const response = await fetch(`${this.folder}/chelsea.jpg`);
      if (!response.ok) throw new Problem('chelsea.jpg is missing on this site.');
      const photo = await response.blob();
      if (mine === this.turn) await this.take(photo, 'chelsea');
    } catch (problem) {
      this.refused(problem instanceof Problem ? problem.message : 'chelsea.jpg could not be fetched.');
    }
  }

  async film() {
    const video = this.part('video');
    try {
      const stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: 'environment'}});
      this.switchOff = () => {
        stream.getTracks().forEach(track => track.stop());
        video.srcObject = this.switchOff = null;
        video.hidden = this.part('shoot').hidden = true;
      };
      video.srcObject = stream;
      video.hidden = this.part('shoot').hidden = false;
      await video.play();
      this.part('shoot').focus();
    } catch (error) {
      this.switchOff?.();
      this.refused(
        error.name === 'NotAllowedError'
          ? 'The camera may not be used here: the browser was told no.'
          : 'There is no camera that this page could use.',
      );
    }
  }

  async shoot() {
    await this.take(this.part('video'));
    this.switchOff?.();
  }

  /** Whatever is on its way comes too late, and the camera is switched off. */
  expectNone() {
    this.turn += 1;
    this.switchOff?.();
  }

  forget() {
    this.expectNone();
    Object.assign(this, {bitmap: null, name: ''});
  }

  /** The photograph with a longer side of so many pixels, or null. */
  image(longest) {
    return this.bitmap && scaled(this.bitmap, longest);
  }
}
