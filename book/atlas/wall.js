// The wall of pictures: a grid of which only the rows in sight are in the page. One stop for the Tab key.

const GAP = 3, BEYOND = 300; // pixels between tiles, and of rows above and below the window that are kept ready

/** Let an element show one picture of a sheet. `side` is CSS: the picture's width on the page. */
function sprite(index, layout, folder, kind, side) {
  const spot = index % layout.each, digits = kind === 'large' ? 2 : 1;
  const sheet = String(Math.floor(index / layout.each)).padStart(digits, '0');
  return {
    image: `url("${folder}/${kind}-${sheet}.avif")`,
    size: `calc(${side} * ${layout.across}) auto`,
    position: `calc(${side} * ${-(spot % layout.across)}) calc(${side} * ${-Math.floor(spot / layout.across)})`,
  };
}

function wear(element, ...layers) {
  for (const key of ['image', 'size', 'position'])
    element.style.setProperty(`background-${key}`, layers.map(layer => layer[key]).join(', '));
}

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

class Wall {
  constructor(live, atlas, folder, open) {
    Object.assign(this, {live, atlas, folder, open, list: [], at: 0, rows: new Map()});
    this.place = live.querySelector('.atlas-wall');
    this.bar = live.querySelector('.atlas-bar');
    this.tip = live.querySelector('.atlas-tip');
    this.measure();
    this.listen();
  }

  listen() {
    let waiting = 0;
    const soon = () => { waiting ||= requestAnimationFrame(() => { waiting = 0; this.draw(); }); };
    window.addEventListener('scroll', soon, {passive: true});
    window.addEventListener('resize', soon);
    new ResizeObserver(() => { if (this.measure()) this.show(this.list, this.at); }).observe(this.place);
    const tile = event => event.target.closest('.atlas-tile');
    this.place.addEventListener('click', event => { if (tile(event)) this.open(this.list[this.at = this.positionOf(tile(event))]); });
    this.place.addEventListener('keydown', event => this.key(event));
    this.place.addEventListener('pointerover', event => {
      if (event.pointerType === 'mouse' && tile(event)) this.tell(tile(event));
    });
    this.place.addEventListener('pointerleave', () => this.hush());
    this.place.addEventListener('focusin', event => {
      if (!tile(event)) return;
      this.mark(this.positionOf(tile(event)));
      if (event.target.matches(':focus-visible')) this.tell(tile(event));
    });
    this.place.addEventListener('focusout', () => this.hush());
  }

  /** Take the wall's measure; say whether it has changed. Tiles have whole pixels, so that no neighbor shines through. */
  measure() {
    const width = this.place.clientWidth, wanted = width < 600 ? 57 : this.atlas.tile.side;
    const across = Math.max(3, Math.round((width + GAP) / (wanted + GAP)));
    const side = Math.floor((width + GAP) / across) - GAP;
    if (!width || (across === this.across && side === this.side)) return false;
    Object.assign(this, {across, side, pitch: side + GAP});
    this.place.style.setProperty('--side', `${side}px`);
    return true;
  }

  /** Show these classes, the one at a position being where Tab leads. */
  show(list, at = 0) {
    const focused = this.place.contains(document.activeElement);
    this.hush();
    Object.assign(this, {list, at: Math.max(0, Math.min(at, list.length - 1))});
    this.rows.forEach(row => row.remove());
    this.rows.clear();
    const count = Math.ceil(list.length / this.across);
    this.place.style.height = `${Math.max(0, count * this.pitch - GAP)}px`;
    this.place.setAttribute('aria-rowcount', count);
    this.place.setAttribute('aria-colcount', this.across);
    this.draw();
    if (focused && list.length) this.go(this.at);
  }

  /** The first and last row in sight, `beyond` pixels further up and down. */
  inSight(beyond) {
    const top = -this.place.getBoundingClientRect().top, last = Math.ceil(this.list.length / this.across) - 1;
    const row = y => Math.max(0, Math.min(last, Math.floor(y / this.pitch)));
    return [row(top - beyond), row(top + window.innerHeight + beyond)];
  }

  /** Put the rows in sight into the page, and take the others out; the row where Tab leads is always there. */
  draw() {
    if (!this.list.length || !this.pitch) return;
    const [first, last] = this.inSight(BEYOND), wanted = new Set([Math.floor(this.at / this.across)]);
    for (let k = first; k <= last; k++) wanted.add(k);
    for (const [k, row] of this.rows) if (!wanted.has(k)) { row.remove(); this.rows.delete(k); }
    let after = null;
    for (const k of [...wanted].sort((a, b) => b - a)) {
      if (!this.rows.has(k)) {
        this.rows.set(k, this.row(k));
        this.place.insertBefore(this.rows.get(k), after);
      }
      after = this.rows.get(k);
    }
  }

  row(k) {
    const row = make('div', {class: 'atlas-row', role: 'row', 'aria-rowindex': k + 1});
    row.style.top = `${k * this.pitch}px`;
    this.list.slice(k * this.across, (k + 1) * this.across).forEach((one, column) => {
      const position = k * this.across + column;
      const tile = make('button', {type: 'button', class: 'atlas-tile', 'aria-label': one.name, 'aria-haspopup': 'dialog',
        tabindex: position === this.at ? 0 : -1, 'data-position': position});
      wear(tile, sprite(one.index, this.atlas.tile, this.folder, 'tiles', 'var(--side)'));
      row.append(make('div', {role: 'gridcell', 'aria-colindex': column + 1}, tile));
    });
    return row;
  }

  positionOf(tile) { return Number(tile.dataset.position); }

  tileAt(position) { return this.place.querySelector(`[data-position="${position}"]`); }

  /** Let the Tab key lead to a position from now on. */
  mark(position) {
    const before = this.tileAt(this.at);
    if (before) before.tabIndex = -1;
    this.at = position;
    const now = this.tileAt(position);
    if (now) now.tabIndex = 0;
  }

  /** Bring a position into sight, below the bar, and give it the focus. */
  go(position) {
    this.mark(position);
    const top = this.place.getBoundingClientRect().top + Math.floor(position / this.across) * this.pitch;
    const above = top - this.bar.getBoundingClientRect().bottom - GAP, below = top + this.pitch - window.innerHeight;
    if (above < 0 || below > 0) window.scrollBy({top: above < 0 ? above : below, behavior: 'instant'});
    this.draw();
    this.tileAt(position).focus({preventScroll: true});
  }

  /** Bring the first row up to the bar, if the reader is further down. */
  rewind() {
    const above = this.place.getBoundingClientRect().top - this.bar.getBoundingClientRect().bottom - GAP;
    if (above < 0) window.scrollBy({top: above, behavior: 'instant'});
  }

  key(event) {
    if (event.key === 'Escape') return this.hush();
    const {at, across} = this, end = this.list.length - 1, start = at - at % across;
    const page = across * Math.max(1, Math.floor((window.innerHeight - this.bar.getBoundingClientRect().bottom) / this.pitch) - 1);
    const to = {
      ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - across, ArrowDown: at + across,
      PageUp: at - page, PageDown: at + page,
      Home: event.ctrlKey ? 0 : start, End: event.ctrlKey ? end : start + across - 1,
    }[event.key];
    if (to === undefined || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.go(Math.max(0, Math.min(end, to)));
  }

  /** Say beside a tile what it shows. */
  tell(tile) {
    this.hush();
    const one = this.list[this.positionOf(tile)], judges = this.atlas.judges;
    this.tip.replaceChildren(make('strong', {}, one.name), make('span', {}, `logit ${one.logit.toFixed(1)}`),
      ...judges.map((judge, j) => make('span', {}, `${judge}: ${opinion(one, j)}`)));
    this.tip.hidden = false;
    tile.setAttribute('aria-describedby', this.tip.id);
    const box = tile.getBoundingClientRect(), tip = this.tip.getBoundingClientRect();
    const below = box.bottom + 6 + tip.height <= window.innerHeight;
    const here = this.live.getBoundingClientRect();
    this.tip.style.top = `${(below ? box.bottom + 6 : box.top - tip.height - 6) - here.top}px`;
    this.tip.style.left = `${Math.max(0, Math.min(box.left - here.left, here.width - tip.width))}px`;
  }

  hush() {
    this.tip.hidden = true;
    this.place.querySelector('[aria-describedby]')?.removeAttribute('aria-describedby');
  }
}

/** What a judge says of a picture, in few words. */
function opinion(one, j) {
  const belief = percent(one.beliefs[j]);
  return one.ranks[j] === 1 ? `1st, ${belief}` : `${place(one.ranks[j])}, ${belief}; first “${one.guess[j]}”`;
}
