// The field in which a class is typed: a list of what fits, with the keys of a combobox. The search is the atlas's.
import {nearest, plain} from './classes.js';

const MOST = 40;

export class Search {
  /** `chosen(one)` is called with a class {name, index, plain} that the reader picks. */
  constructor(input, list, classes, chosen) {
    Object.assign(this, {input, list, classes, chosen, found: [], at: -1});
    input.addEventListener('input', () => this.look());
    input.addEventListener('focus', () => input.select());
    input.addEventListener('keydown', event => this.key(event));
    input.addEventListener('blur', () => setTimeout(() => this.close(), 150)); // a click on the list comes first
    list.addEventListener('pointerdown', event => event.preventDefault());
    list.addEventListener('click', event => {
      const item = event.target.closest('[role=option]');
      if (item && !item.ariaDisabled) this.take(this.found[[...list.children].indexOf(item)]);
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  look() {
    const sought = plain(this.input.value).trim(),
      words = sought.split(/\s+/);
    if (!sought) return this.close();
    const fits = this.classes.filter(
      one => words.every(word => one.plain.includes(word)) || String(one.index) === sought,
    );
    const rank = one => (one.plain === sought ? 0 : one.plain.startsWith(sought) ? 1 : 2);
    this.found = fits.sort((a, b) => rank(a) - rank(b) || a.index - b.index).slice(0, MOST);
    const meant = this.found.length ? [] : nearest(this.classes, sought);
    if (meant.length) this.found = meant.map(name => this.classes.find(one => one.name === name));
    return this.open(meant.length > 0);
  }

  open(guessed) {
    const items = this.found.map((one, k) => {
      const item = document.createElement('li');
      Object.assign(item, {
        role: 'option',
        id: `climb-found-${k}`,
        textContent: guessed ? `Did you mean ${one.name}?` : one.name,
      });
      return item;
    });
    if (!items.length) {
      const none = document.createElement('li');
      Object.assign(none, {
        role: 'option',
        ariaDisabled: 'true',
        textContent: 'None of the thousand classes. Try a part of a name.',
      });
      items.push(none);
    }
    this.list.replaceChildren(...items);
    this.list.hidden = false;
    this.input.ariaExpanded = 'true';
    this.mark(this.found.length ? 0 : -1);
  }

  close() {
    this.list.hidden = true;
    this.input.ariaExpanded = 'false';
    this.input.removeAttribute('aria-activedescendant');
  }

  mark(at) {
    this.at = at;
    [...this.list.children].forEach((item, k) => {
      item.ariaSelected = String(k === at);
    });
    if (at < 0) return this.input.removeAttribute('aria-activedescendant');
    this.list.children[at].scrollIntoView({block: 'nearest'});
    return this.input.setAttribute('aria-activedescendant', `climb-found-${at}`);
  }

  take(one) {
    this.close();
    this.input.value = one.name;
    this.chosen(one);
  }

  key(event) {
    const count = this.found.length;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!this.isOpen) this.look();
      else if (count) this.mark((this.at + (event.key === 'ArrowDown' ? 1 : count - 1)) % count);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (!this.isOpen) this.look();
      if (this.isOpen && this.at >= 0) this.take(this.found[this.at]);
    } else if (event.key === 'Escape' && this.isOpen) {
      event.preventDefault();
      this.close();
    }
  }
}
