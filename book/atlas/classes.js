// What there is to know of the thousand classes: their orders, what a search finds, and what was probably meant.

const LEAST = 1e-12; // as in helpers.atlas.stored

/** The judges' agreement on a class: the geometric mean of their probabilities of it, that is exp(mean log belief). */
export function agreement(one) {
  const logs = one.beliefs.map(belief => Math.log(Math.max(belief, LEAST)));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

export const plain = name => name.toLowerCase().normalize('NFD').replace(/[\u0300-\u036f]/g, '');

const ORDERS = {
  class: {words: 'in the order of their index', by: (a, b) => a.index - b.index},
  name: {words: 'alphabetically', by: (a, b) => a.plain < b.plain ? -1 : a.plain > b.plain ? 1 : a.index - b.index},
  best: {words: 'by the geometric mean of the judges’ two probabilities, best first',
    by: (a, b) => b.agreement - a.agreement || a.index - b.index},
  worst: {words: 'by the geometric mean of the judges’ two probabilities, worst first',
    by: (a, b) => a.agreement - b.agreement || a.index - b.index},
  logit: {words: 'by the mean logit of those that drew, highest first', by: (a, b) => b.logit - a.logit || a.index - b.index},
  walk: {words: 'along a walk whose every step is short', by: (a, b) => a.order - b.order},
};

const named = one => one.ranks.filter(rank => rank === 1).length;
const SHOWN = {
  all: () => true,
  both: one => named(one) === one.ranks.length,
  one: one => named(one) > 0 && named(one) < one.ranks.length,
  none: one => named(one) === 0,
};

/** The atlas as the page holds it, with each class's index, plain name and agreement put to it. */
export function readAtlas(text) {
  const atlas = JSON.parse(text);
  atlas.classes.forEach((one, index) => Object.assign(one, {index, plain: plain(one.name), agreement: agreement(one)}));
  return atlas;
}

/** The classes whose name holds every word of a search (a number alone is an index), in an order. */
export function choose(classes, {q, sort, show}) {
  const words = plain(q).split(/\s+/).filter(Boolean);
  const sought = /^\s*\d+\s*$/.test(q) ? one => one.index === Number(q) : one => words.every(word => one.plain.includes(word));
  return classes.filter(one => SHOWN[show](one) && sought(one)).sort(ORDERS[sort].by);
}

/** How many letters must be added, dropped or changed to make one word of another. */
export function distance(a, b) {
  let row = Array.from({length: b.length + 1}, (_, k) => k);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

/** The names of up to three classes that were probably meant, the nearest in spelling first. */
export function nearest(classes, q) {
  const sought = plain(q).trim();
  const far = one => Math.min(distance(sought, one.plain),
    ...one.plain.split(/[^a-z]+/).filter(word => word.length > 2).map(word => distance(sought, word) + 0.5));
  return classes.map(one => [far(one), one.name]).filter(([steps]) => steps <= Math.max(2, sought.length * 0.4))
    .sort((a, b) => a[0] - b[0]).slice(0, 3).map(([, name]) => name);
}

export const percent = share => share >= 0.0995 ? `${Math.round(100 * share)}%` : share >= 0.0005 ? `${(100 * share).toFixed(1)}%` : '< 0.1%';
export const place = rank => rank + (rank % 100 > 10 && rank % 100 < 14 ? 'th' : ['th', 'st', 'nd', 'rd'][rank % 10] || 'th');

/** A class's name as Python writes it, or its index if another class has the same name. */
export function inPython(classes, one) {
  if (classes.some(other => other !== one && other.name === one.name)) return String(one.index);
  const quote = one.name.includes("'") && !one.name.includes('"') ? '"' : "'";
  return quote + one.name.replace(/\\/g, '\\\\').replaceAll(quote, '\\' + quote) + quote;
}

export const slug = name => plain(name).replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');

/** The words that lead to a class in an address: its name, or its index if another one has the same name. */
export function wordsFor(classes, one) {
  return classes.some(other => other !== one && slug(other.name) === slug(one.name)) ? String(one.index) : slug(one.name);
}
