// The Fourier transform of real planes, both ways, of any even size: fast where its prime factors are small.

const BUNDLE = 16; // lines that are transformed together: so few stay in the processor's own cache
const plans = new Map();

/** The odd primes that n is a product of, then fours, and a two if one is left. */
function factorsOf(n) {
  const factors = [];
  let left = n;
  for (let odd = 3; odd <= left; odd += 2) for (; left % odd === 0; left /= odd) factors.push(odd);
  for (; left % 4 === 0; left /= 4) factors.push(4);
  return left === 2 ? [...factors, 2] : factors;
}

/**
 * Of a length n: its factors; the roots of unity e^(−2πik/n) as cosines and sines; two places for a bundle of lines,
 * since a pass reads from one and writes to the other.
 */
function plan(n) {
  if (plans.has(n)) return plans.get(n);
  const cos = new Float64Array(n),
    sin = new Float64Array(n),
    place = () => [new Float64Array(n * BUNDLE), new Float64Array(n * BUNDLE)];
  for (let k = 0; k < n; k++) [cos[k], sin[k]] = [Math.cos((2 * Math.PI * k) / n), -Math.sin((2 * Math.PI * k) / n)];
  plans.set(n, {factors: factorsOf(n), roots: {cos, sin}, places: [place(), place()]});
  return plans.get(n);
}

/** Two neighbors of `run` numbers become their sum and their difference, the second first turned by a root. */
function pair([a, b], [c, d], {first, into, apart, run, turn}, {cos, sin}) {
  const x = cos[turn],
    y = sin[turn];
  for (let at = first, to = into; to < into + run; at++, to++) {
    const re = a[at + run] * x - b[at + run] * y,
      im = a[at + run] * y + b[at + run] * x;
    c[to] = a[at] + re;
    d[to] = b[at] + im;
    c[to + apart] = a[at] - re;
    d[to + apart] = b[at] - im;
  }
}

/** The same for four neighbors, whose own roots are 1, −i, −1 and i: no product but with the turns. */
function four([a, b], [c, d], {first, into, apart, run, turn}, {cos, sin}) {
  const [x, u, p] = [cos[turn], cos[2 * turn], cos[3 * turn]],
    [y, v, q] = [sin[turn], sin[2 * turn], sin[3 * turn]];
  for (let at = first, to = into; to < into + run; at++, to++) {
    const second = at + run,
      third = second + run,
      fourth = third + run;
    const re1 = a[second] * x - b[second] * y,
      im1 = a[second] * y + b[second] * x,
      re2 = a[third] * u - b[third] * v,
      im2 = a[third] * v + b[third] * u,
      re3 = a[fourth] * p - b[fourth] * q,
      im3 = a[fourth] * q + b[fourth] * p;
    const sumRe = a[at] + re2,
      sumIm = b[at] + im2,
      differenceRe = a[at] - re2,
      differenceIm = b[at] - im2;
    c[to] = sumRe + re1 + re3;
    d[to] = sumIm + im1 + im3;
    c[to + apart] = differenceRe + im1 - im3;
    d[to + apart] = differenceIm - re1 + re3;
    c[to + 2 * apart] = sumRe - re1 - re3;
    d[to + 2 * apart] = sumIm - im1 - im3;
    c[to + 3 * apart] = differenceRe - im1 + im3;
    d[to + 3 * apart] = differenceIm + re1 - re3;
  }
}

/**
 * The same for seven neighbors, already turned. Two that mirror each other have conjugate roots: their sum meets only
 * cosines, their difference only sines.
 */
function seven([a, b], [c, d], {first, into, apart, run}, {cos, sin}) {
  const [p, q, r] = [1, 2, 3].map(k => cos[(k * cos.length) / 7]),
    [u, v, w] = [1, 2, 3].map(k => sin[(k * cos.length) / 7]);
  const mirrored = (to, k, re, im, oddRe, oddIm) => {
    c[to + k * apart] = re - oddIm;
    d[to + k * apart] = im + oddRe;
    c[to + (7 - k) * apart] = re + oddIm;
    d[to + (7 - k) * apart] = im - oddRe;
  };
  for (let at = first, to = into; to < into + run; at++, to++) {
    const re = a[at],
      im = b[at];
    const sumRe1 = a[at + run] + a[at + 6 * run],
      sumIm1 = b[at + run] + b[at + 6 * run],
      sumRe2 = a[at + 2 * run] + a[at + 5 * run],
      sumIm2 = b[at + 2 * run] + b[at + 5 * run],
      sumRe3 = a[at + 3 * run] + a[at + 4 * run],
      sumIm3 = b[at + 3 * run] + b[at + 4 * run];
    const re1 = a[at + run] - a[at + 6 * run],
      im1 = b[at + run] - b[at + 6 * run],
      re2 = a[at + 2 * run] - a[at + 5 * run],
      im2 = b[at + 2 * run] - b[at + 5 * run],
      re3 = a[at + 3 * run] - a[at + 4 * run],
      im3 = b[at + 3 * run] - b[at + 4 * run];
    c[to] = re + sumRe1 + sumRe2 + sumRe3;
    d[to] = im + sumIm1 + sumIm2 + sumIm3;
    mirrored(
      to,
      1,
      re + p * sumRe1 + q * sumRe2 + r * sumRe3,
      im + p * sumIm1 + q * sumIm2 + r * sumIm3,
      u * re1 + v * re2 + w * re3,
      u * im1 + v * im2 + w * im3,
    );
    mirrored(
      to,
      2,
      re + q * sumRe1 + r * sumRe2 + p * sumRe3,
      im + q * sumIm1 + r * sumIm2 + p * sumIm3,
      v * re1 - w * re2 - u * re3,
      v * im1 - w * im2 - u * im3,
    );
    mirrored(
      to,
      3,
      re + r * sumRe1 + p * sumRe2 + q * sumRe3,
      im + r * sumIm1 + p * sumIm2 + q * sumIm3,
      w * re1 - u * re2 + v * re3,
      w * im1 - u * im2 + v * im3,
    );
  }
}

/** The same for any number of neighbors, already turned, as the sum says it. */
function several([a, b], [c, d], {first, into, apart, run}, {cos, sin}, prime) {
  for (let q = 0; q < prime; q++)
    for (let k = 0; k < run; k++) {
      let re = 0,
        im = 0;
      for (let r = 0, at = first + k; r < prime; r++, at += run) {
        const angle = ((q * r) % prime) * (cos.length / prime);
        re += a[at] * cos[angle] - b[at] * sin[angle];
        im += a[at] * sin[angle] + b[at] * cos[angle];
      }
      c[into + q * apart + k] = re;
      d[into + q * apart + k] = im;
    }
}

/** Neighbors of `run` numbers, each turned by its root. */
function turned([a, b], {first, run, turn}, {cos, sin}, neighbors) {
  for (let r = 1; r < neighbors; r++)
    for (let at = first + r * run; at < first + (r + 1) * run; at++) {
      const re = a[at],
        im = b[at];
      a[at] = re * cos[r * turn] - im * sin[r * turn];
      b[at] = re * sin[r * turn] + im * cos[r * turn];
    }
}

/** Transform a bundle of lines of the length that a plan is for; returns the place where they end up. */
function passes(wide, {factors, roots, places: [from, to]}) {
  const n = roots.cos.length;
  let joined = 1;
  for (const factor of factors) {
    // every pass joins `factor` interleaved lines of length `joined` into one
    const left = n / joined / factor,
      run = left * wide;
    for (let j = 0; j < joined; j++) {
      const at = {first: j * factor * run, into: j * run, apart: joined * run, run, turn: j * left};
      if (factor === 2) pair(from, to, at, roots);
      else if (factor === 4) four(from, to, at, roots);
      else {
        if (j) turned(from, at, roots, factor);
        if (factor === 7) seven(from, to, at, roots);
        else several(from, to, at, roots, factor);
      }
    }
    [from, to] = [to, from];
    joined *= factor;
  }
  return from;
}

/**
 * Transform `count` complex lines of length n where they stand, not scaled; element j of line l is at
 * j · step + l · apart. After Cooley, Tukey and Stockham.
 */
function transform(re, im, {n, step, count, apart}) {
  const planned = plan(n);
  for (let line = 0; line < count; line += BUNDLE) {
    const wide = Math.min(BUNDLE, count - line),
      first = line * apart,
      [a, b] = planned.places[0];
    for (let j = 0, to = 0; j < n; j++)
      for (let l = 0, at = first + j * step; l < wide; l++, at += apart, to++) {
        a[to] = re[at];
        b[to] = im[at];
      }
    const [c, d] = passes(wide, planned);
    for (let j = 0, at = 0; j < n; j++)
      for (let l = 0, to = first + j * step; l < wide; l++, to += apart, at++) {
        re[to] = c[at];
        im[to] = d[at];
      }
  }
}

const rows = (height, width) => ({n: width, step: 1, count: height, apart: width});
const columns = (height, width) => ({n: height, step: width, count: width, apart: 1});

/** The upper and the lower half of a plane: two real rows are one complex line. */
const halves = plane => [plane.subarray(0, plane.length / 2), plane.subarray(plane.length / 2)];

/** The half spectrum, height × (width / 2 + 1), of a plane, which is used up: torch.fft.rfft2(plane, norm="ortho"). */
export function spectrum(plane, height, width) {
  const pairs = height / 2,
    half = width / 2 + 1,
    scale = 0.5 / Math.sqrt(height * width);
  const [re, im] = halves(plane),
    halfRe = new Float32Array(height * half),
    halfIm = new Float32Array(height * half);
  transform(re, im, rows(pairs, width));
  for (let y = 0; y < pairs; y++)
    for (let k = 0; k < half; k++) {
      const at = y * width + k,
        mirror = y * width + ((width - k) % width),
        up = y * half + k,
        down = up + pairs * half;
      halfRe[up] = scale * (re[at] + re[mirror]);
      halfIm[up] = scale * (im[at] - im[mirror]);
      halfRe[down] = scale * (im[at] + im[mirror]);
      halfIm[down] = scale * (re[mirror] - re[at]);
    }
  transform(halfRe, halfIm, columns(height, half));
  return [halfRe, halfIm];
}

/** The plane that belongs to a half spectrum, which is used up: torch.fft.irfft2(spectrum, norm="ortho"). */
export function plane([halfRe, halfIm], height, width) {
  const pairs = height / 2,
    half = width / 2 + 1,
    scale = 1 / Math.sqrt(height * width);
  const made = new Float32Array(height * width),
    [re, im] = halves(made);
  transform(halfIm, halfRe, columns(height, half)); // with re and im exchanged, it is the inverse
  for (let y = 0; y < pairs; y++)
    for (let k = 0; k < half; k++) {
      const at = y * width + k,
        mirror = y * width + ((width - k) % width),
        up = y * half + k,
        down = up + pairs * half;
      const turns = mirror === at ? 0 : scale; // of two columns only the real part counts
      re[mirror] = scale * halfRe[up] + turns * halfIm[down];
      im[mirror] = scale * halfRe[down] - turns * halfIm[up];
      re[at] = scale * halfRe[up] - turns * halfIm[down];
      im[at] = scale * halfRe[down] + turns * halfIm[up];
    }
  transform(im, re, rows(pairs, width));
  return made;
}
