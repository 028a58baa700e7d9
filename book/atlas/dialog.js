// One picture, larger, with what is known of it. Arrow keys turn to its neighbors in the list.

class Larger {
  constructor(live, atlas, folder, turn, closed) {
    Object.assign(this, {atlas, folder, turn, box: live.querySelector('.atlas-dialog')});
    const part = name => this.box.querySelector(`.atlas-${name}`);
    this.part = part;
    part('before').addEventListener('click', () => turn(-1));
    part('after').addEventListener('click', () => turn(1));
    part('close').addEventListener('click', () => this.box.close());
    part('copy').addEventListener('click', () => this.copy());
    this.box.addEventListener('click', event => { if (event.target === this.box) this.box.close(); });
    this.box.addEventListener('close', closed);
    this.box.addEventListener('keydown', event => {
      if (event.key === 'Escape') {
        event.preventDefault();
        return this.box.close();
      }
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (!step || event.altKey || event.metaKey) return;
      event.preventDefault();
      turn(step);
    });
  }

  get isOpen() { return this.box.open; }

  /** Show a class; `before` and `after` say whether there is one to turn to. */
  show(one, before, after, select) {
    const {atlas, folder} = this, picture = this.part('picture');
    wear(picture, sprite(one.index, atlas.large, folder, 'large', 'var(--side)'),
      sprite(one.index, atlas.tile, folder, 'tiles', 'var(--side)')); // the tile, until the larger one has come
    picture.setAttribute('aria-label', `${one.name}, as drawn by ${atlas.network}`);
    this.box.querySelector('#atlas-name').textContent = one.name;
    const logit = atlas.network.includes(' + ') ? 'mean logit' : 'logit';
    this.part('number').textContent = `class ${one.index} · ${logit} ${one.logit.toFixed(1)} in ${atlas.network}`;
    this.part('opinions').tBodies[0].replaceChildren(...atlas.judges.map((judge, j) => make('tr', {},
      make('th', {scope: 'row'}, judge), make('td', {}, `${place(one.ranks[j])}, ${percent(one.beliefs[j])}`),
      make('td', {}, `${one.guess[j]}, ${percent(one.guess_probability[j])}`))));
    this.part('agreement').textContent = `Agreement (the geometric mean of both): ${percent(one.agreement)}`;
    this.part('like').replaceChildren(...one.nearest.map(index => this.alike(index, select)));
    this.part('code').firstElementChild.textContent = atlas.call.replace('{name!r}', () => inPython(atlas.classes, one));
    this.part('copy').textContent = 'Copy';
    this.part('climb').href = `climb.html#${wordsFor(atlas.classes, one)}&recipe=visualize`;
    this.part('before').disabled = !before;
    this.part('after').disabled = !after;
    if (!this.box.open) this.box.showModal();
    if (!this.box.contains(document.activeElement) || document.activeElement.disabled || document.activeElement === this.box)
      this.box.querySelector('#atlas-name').focus({preventScroll: true});
    this.box.scrollTop = 0;
  }

  alike(index, select) {
    const {name} = this.atlas.classes[index];
    const tile = make('button', {type: 'button', class: 'atlas-tile', 'aria-label': name, title: name});
    wear(tile, sprite(index, this.atlas.tile, this.folder, 'tiles', 'var(--side)'));
    tile.addEventListener('click', () => { select(this.atlas.classes[index]); this.box.querySelector('#atlas-name').focus(); });
    return tile;
  }

  async copy() {
    const code = this.part('code').firstElementChild, button = this.part('copy');
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = 'Copied';
    } catch { // not allowed here: select it, and let the reader copy
      getSelection().selectAllChildren(code);
      button.textContent = document.execCommand('copy') ? 'Copied' : 'Selected';
    }
  }

  close() { this.box.close(); }
}
