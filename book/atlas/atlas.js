// The page: what the reader asks for stands in its address (#sort=walk&q=dog&c=259), and is shown.

const START = {q: '', sort: 'class', show: 'all', c: null};

/** Read what is asked for from the part of an address after #; what makes no sense is left out. */
function readHash(hash, count) {
  const asked = new URLSearchParams(hash.slice(1)), state = {...START, q: asked.get('q') ?? ''};
  if (Object.hasOwn(ORDERS, asked.get('sort'))) state.sort = asked.get('sort');
  if (Object.hasOwn(SHOWN, asked.get('show'))) state.show = asked.get('show');
  if (/^\d+$/.test(asked.get('c') ?? '') && Number(asked.get('c')) < count) state.c = Number(asked.get('c'));
  return state;
}

function writeHash(state) {
  const kept = Object.entries(state).filter(([key, value]) => value !== START[key]);
  return kept.length ? `#${new URLSearchParams(kept)}` : location.pathname + location.search;
}

function start(root) {
  const atlas = readAtlas(root.querySelector('.atlas-data').textContent), live = root.querySelector('.atlas-live');
  const part = name => live.querySelector(`.atlas-${name}`), folder = root.dataset.sheets;
  let state = readHash(location.hash, atlas.classes.length), list = [], seen = null, stepped = false;
  live.hidden = false;
  history.scrollRestoration = 'manual'; // going back closes a picture, and the wall has gone where that one is

  const wall = new Wall(live, atlas, folder, one => open(one, true));
  const larger = new Larger(live, atlas, folder, step => {
    const next = list[list.findIndex(one => one.index === state.c) + step];
    if (next) open(next);
  }, closed);

  function open(one, step = false) {
    state.c = one.index;
    if (step) history.pushState(null, '', writeHash(state)); // so that a phone's Back closes the picture
    else history.replaceState(history.state, '', writeHash(state));
    stepped ||= step;
    picture();
  }

  function picture() {
    const one = seen = atlas.classes[state.c], at = list.indexOf(one);
    larger.show(one, at > 0, at >= 0 && at < list.length - 1, other => open(other));
  }

  function closed() {
    const at = list.indexOf(seen);
    if (state.c !== null) { // closed here, not by Back
      state.c = null;
      if (stepped) history.back();
      else history.replaceState(null, '', writeHash(state));
    }
    stepped = false;
    if (list.length) wall.go(at >= 0 ? at : wall.at);
    else part('query').focus();
  }

  function show() {
    list = choose(atlas.classes, state);
    if (part('query').value !== state.q) part('query').value = state.q;
    part('sort').value = state.sort;
    part('show').value = state.show;
    wall.show(list, Math.max(0, list.indexOf(atlas.classes[state.c])));
    say();
  }

  function say() {
    const many = list.length === 1 ? '1 class' : `${list.length.toLocaleString('en')} classes`, box = part('count');
    if (list.length) return box.replaceChildren(make('b', {}, many), `, ${ORDERS[state.sort].words}`);
    const meant = state.q.trim() ? nearest(atlas.classes, state.q) : [];
    box.replaceChildren(make('b', {}, '0 classes'), meant.length ? '. Did you mean ' : '. Try a part of a name.');
    meant.forEach((name, k) => {
      const button = make('button', {type: 'button', class: 'atlas-meant'}, name);
      button.addEventListener('click', () => { change({q: name, show: 'all'}); part('query').focus(); });
      box.append(k ? ' or ' : '', button);
    });
    if (meant.length) box.append('?');
  }

  function change(wanted) {
    Object.assign(state, wanted);
    history.replaceState(history.state, '', writeHash(state));
    show();
    wall.rewind();
    wall.draw();
  }

  function restore() {
    if (location.hash && !/[#&](q|sort|show|c)=/.test(location.hash)) return; // it leads to another part of the page
    const before = state;
    state = readHash(location.hash, atlas.classes.length);
    if (['q', 'sort', 'show'].some(key => state[key] !== before[key])) show();
    if (state.c !== null) picture();
    else if (larger.isOpen) larger.close();
  }

  part('query').addEventListener('input', event => change({q: event.target.value}));
  part('sort').addEventListener('change', event => change({sort: event.target.value}));
  part('show').addEventListener('change', event => change({show: event.target.value}));
  part('query').addEventListener('keydown', event => {
    if (event.key === 'Escape' && state.q) { event.preventDefault(); change({q: ''}); }
    if ((event.key === 'ArrowDown' || event.key === 'Enter') && list.length) { event.preventDefault(); wall.go(0); }
  });
  document.addEventListener('keydown', event => {
    const writing = event.target.closest?.('input, select, textarea, [contenteditable]');
    if (event.key !== '/' || writing || larger.isOpen || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    part('query').select();
    part('query').focus();
  });
  window.addEventListener('popstate', restore);
  show();
  if (state.c !== null) picture();
}

document.querySelectorAll('.pom-atlas').forEach(root => {
  try { start(root); } catch (problem) {
    root.classList.remove('atlas-lives'); // and the sheets are there again
    root.querySelector('.atlas-live').hidden = true;
    throw problem;
  }
});
