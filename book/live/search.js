// The field in which a class is typed: a list of what fits, with the keys of a combobox. The search is the atlas's.
import {nearest, plain} from './classes.js';

const MOST = 40;

export class Search {
  /**
   * `tells` has the ears of who uses it: picked(class {name, index, plain}, moves), where `moves` means that the field
   * is done with; unknown(words), which no class fits; untouched(), when what was typed is taken back.
   */
  constructor(input, list, classes, tells) {
    Object.assign(this, {input, list, classes, tells, found: [], at: -1, typed: false});
    input.addEventListener('input', () => {
      this.typed = true;
      this.look();
    });
    input.addEventListener('focus', () => input.select());
    input.addEventListener('keydown', event => this.key(event));
    input.addEventListener('blur', () => this.leave());
    list.addEventListener('mousedown', event => event.preventDefault()); // the field stays the one that is typed in
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
    const rank = ({plain: name}) =>
      name === sought ? 0 : ` ${name} `.includes(` ${sought} `) ? 1 : name.startsWith(sought) ? 2 : 3;
    this.found = fits.sort((a, b) => rank(a) - rank(b) || a.index - b.index).slice(0, MOST);
    const meant = this.found.length ? [] : nearest(this.classes, sought);
    this.guessed = meant.length > 0;
    if (this.guessed) this.found = meant.map(name => this.classes.find(one => one.name === name));
    return this.open();
  }

  /** A class's name, with its index if another one has the same. */
  nameOf(one) {
    const isAlone = this.classes.every(other => other === one || other.name !== one.name);
    return isAlone ? one.name : `${one.name} (${one.index})`;
  }

  open() {
    const items = this.found.map((one, k) => {
      const item = document.createElement('li');
      Object.assign(item, {
        role: 'option',
        id: `climb-found-${k}`,
        textContent: this.guessed ? `Did you mean ${this.nameOf(one)}?` : this.nameOf(one),
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

  take(one, moves = true) {
    this.typed = false;
    this.close();
    this.input.value = one.name;
    this.tells.picked(one, moves);
  }

  /** Whoever goes on without choosing means what is marked, or what was typed; nothing that was typed is ignored. */
  leave() {
    this.close();
    if (!this.typed) return;
    this.typed = false;
    const words = this.input.value.trim(),
      marked = this.guessed ? undefined : this.found[this.at];
    if (!words) this.tells.untouched();
    else if (marked) this.take(marked, false);
    else this.tells.unknown(words);
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
    } else if (event.key === 'Escape' && (this.isOpen || this.typed)) {
      event.preventDefault();
      this.typed = false;
      this.close();
      this.tells.untouched();
    }
  }
}
