// The form: what is wanted, shown in its fields, and what the reader changes, told to the page.
import {readSetting} from './address.js';
import {make} from './elements.js';
import {python} from './python.js';
import {RECIPES} from './recipes.js';
import {Search} from './search.js';

const NOT_FOR_DREAMS = ['basis', 'start', 'rivals', 'decay', 'clip', 'clamp', 'input'];
const NOT_FOR_WAVES = ['start', 'clip'];

export class Form {
  /**
   * `tells` has the page's ears: picked(class, moves), unknown(words), untouched(), layer(words), recipe(name),
   * setting(key, value).
   */
  constructor(root, part, live, classes, tells) {
    Object.assign(this, {root, part, live, classes});
    this.query = root.querySelector('#climb-query');
    this.controls = [...root.querySelectorAll('[data-key]')];
    this.radios = [...root.querySelectorAll('[name=climb-recipe]')];
    new Search(this.query, root.querySelector('#climb-found'), classes, tells);
    this.listLayers();
    const pick = () => tells.layer(part('layer').value, this.channel());
    part('layer').addEventListener('change', pick);
    part('channel').addEventListener('change', pick);
    part('any').addEventListener('click', () => {
      part('channel').value = Math.floor(Math.random() * this.channels());
      pick();
    });
    for (const radio of this.radios) radio.addEventListener('change', () => tells.recipe(radio.value));
    for (const control of this.controls) {
      control.addEventListener('change', () => {
        const text = control.type === 'checkbox' ? String(Number(control.checked)) : control.value;
        tells.setting(control.dataset.key, readSetting(control.dataset.key, text));
      });
    }
  }

  /** Each layer once, under its network: a network may be there in several depths. */
  listLayers() {
    const groups = new Map();
    for (const {layers, title} of Object.values(this.live.networks))
      for (const layer of Object.keys(layers ?? {})) groups.set(title, (groups.get(title) ?? new Set()).add(layer));
    for (const [title, layers] of groups) {
      const options = [...layers].map(layer => make('option', {value: layer}, layer));
      this.part('layer').append(make('optgroup', {label: title}, ...options));
    }
  }

  /** How many channels the layer has that is picked. */
  channels() {
    const layer = this.part('layer').value;
    return Object.values(this.live.networks).find(({layers}) => layers?.[layer])?.layers[layer] ?? 1;
  }

  channel() {
    return Math.min(Math.max(0, Math.trunc(Number(this.part('channel').value))), this.channels() - 1);
  }

  /** Show what is wanted: a target, settings, the words it was asked for in. */
  fill(target, settings, words, photo) {
    const {part, query} = this,
      {want} = target,
      dream = settings.recipe === 'dream';
    query.value = want?.layer ? '' : (target.title ?? words);
    query.placeholder = want?.layer
      ? `now: ${target.title}; or type a class`
      : 'one of a thousand classes: zebra, teapot, …';
    for (const radio of this.radios) radio.checked = radio.value === settings.recipe;
    if (want?.layer) {
      part('inside').open = true;
      part('layer').value = want.layer;
      part('channel').value = want.channel ?? part('channel').value;
    }
    part('channel').max = this.channels() - 1;
    part('of').hidden = part('any').hidden = dream;
    this.fillSizes(settings.size, dream);
    for (const control of this.controls) this.fillOne(control, settings, Boolean(want?.layer));
    part('python').querySelector('code').textContent = target.problem
      ? ''
      : python(target, settings, this.classes, photo);
  }

  /** The sizes to choose from, and the one that the address asks for, if it is another. */
  fillSizes(size, dream) {
    const {options} = this.root.querySelector('#climb-size'),
      sides = [...options].map(({value}) => Number(value));
    if (!sides.includes(size)) options.add(make('option', {value: size}), sides.filter(side => side < size).length);
    for (const option of options)
      option.textContent = dream ? `${2 * option.value}, the longer side` : `${option.value} × ${option.value}`;
  }

  fillOne(control, settings, inside) {
    const {key} = control.dataset,
      value = settings[key],
      row = control.closest('.climb-row');
    if (control.type === 'checkbox') control.checked = value;
    else control.value = String(value);
    const without = settings.recipe === 'dream' ? NOT_FOR_DREAMS : settings.basis === 'waves' ? NOT_FOR_WAVES : [];
    row.hidden = without.includes(key) || (key === 'rivals' && inside);
    row.classList.toggle('climb-changed', value !== RECIPES[settings.recipe][key]);
  }
}
