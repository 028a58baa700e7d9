// The Fourier transform of real planes, both ways, of any even size: fast where its prime factors are small.

const plans = new Map();

/** The prime factors of a length n, and the roots of unity e^(−2πik/n) as cosines and sines. */
function plan(n) {
  if (plans.has(n)) return plans.get(n);
  const factors = [],
    cos = new Float64Array(n),
    sin = new Float64Array(n);
  for (let left = n, prime = 2; left > 1; left % prime ? prime++ : (factors.push(prime), (left /= prime)));
  for (let k = 0; k < n; k++) [cos[k], sin[k]] = [Math.cos((2 * Math.PI * k) / n), -Math.sin((2 * Math.PI * k) / n)];
  plans.set(n, {factors, cos, sin});
  return plans.get(n);
}

/** Two neighbors of `run` numbers become their sum and their difference, the second first turned by x + iy. */
function pair([a, b], [c, d], {first, sum, difference, run}, x, y) {
  for (let k = 0; k < run; k++) {
    const at = first + k,
      next = at + run,
      re = a[next] * x - b[next] * y,
      im = a[next] * y + b[next] * x;
    c[sum + k] = a[at] + re;
    d[sum + k] = b[at] + im;
    c[difference + k] = a[at] - re;
    d[difference + k] = b[at] - im;
  }
}

/**
 * Transform `count` complex lines of length n at once, not scaled; element j of line l stands at j · count + l.
 * After Cooley, Tukey and Stockham. Returns the real and the imaginary parts, not always in the arrays that came.
 */
export function transform(re, im, n, count) {
  const {factors, cos, sin} = plan(n);
  let from = [re, im],
    to = [new Float64Array(re.length), new Float64Array(re.length)],
    joined = 1;
  for (const prime of factors) {
    // every pass joins `prime` interleaved lines of length `joined` into one
    const left = n / joined / prime,
      run = left * count,
      [a, b] = from,
      [c, d] = to;
    for (let j = 0; j < joined; j++) {
      if (prime === 2) {
        const at = {first: 2 * j * run, sum: j * run, difference: (j + joined) * run, run};
        pair(from, to, at, cos[j * left], sin[j * left]);
        continue;
      }
      for (let q = 0; q < prime; q++) {
        const row = j + q * joined,
          here = row * run,
          first = j * prime * run;
        c.set(a.subarray(first, first + run), here);
        d.set(b.subarray(first, first + run), here);
        for (let r = 1; r < prime; r++) {
          const angle = (row * left * r) % n,
            x = cos[angle],
            y = sin[angle];
          for (let to = here, at = first + r * run, end = here + run; to < end; to++, at++) {
            const re = a[at],
              im = b[at];
            c[to] += re * x - im * y;
            d[to] += re * y + im * x;
          }
        }
      }
    }
    [from, to] = [to, from];
    joined *= prime;
  }
  return from;
}

/** The half spectrum, height × (width / 2 + 1), of a real plane: torch.fft.rfft2(plane, norm="ortho"). */
export function spectrum(plane, height, width) {
  const pairs = height / 2,
    half = width / 2 + 1,
    scale = 1 / Math.sqrt(height * width);
  let re = new Float64Array(width * pairs),
    im = new Float64Array(width * pairs);
  for (let y = 0; y < pairs; y++)
    // two real rows are one complex line
    for (let x = 0; x < width; x++) {
      re[x * pairs + y] = scale * plane[y * width + x];
      im[x * pairs + y] = scale * plane[(y + pairs) * width + x];
    }
  [re, im] = transform(re, im, width, pairs);
  const halfRe = new Float64Array(height * half),
    halfIm = new Float64Array(height * half);
  for (let k = 0; k < half; k++)
    for (let y = 0; y < pairs; y++) {
      const at = k * pairs + y,
        mirror = ((width - k) % width) * pairs + y,
        up = y * half + k,
        down = up + pairs * half;
      halfRe[up] = (re[at] + re[mirror]) / 2;
      halfIm[up] = (im[at] - im[mirror]) / 2;
      halfRe[down] = (im[at] + im[mirror]) / 2;
      halfIm[down] = (re[mirror] - re[at]) / 2;
    }
  return transform(halfRe, halfIm, height, half);
}

/** The real plane that belongs to a half spectrum: torch.fft.irfft2(spectrum, norm="ortho"). */
export function plane([specRe, specIm], height, width) {
  const pairs = height / 2,
    half = width / 2 + 1,
    scale = 1 / Math.sqrt(height * width);
  const [halfRe, halfIm] = transform(
    new Float64Array(specRe),
    specIm.map(value => -value),
    height,
    half,
  );
  let re = new Float64Array(width * pairs),
    im = new Float64Array(width * pairs);
  for (let k = 0; k < width; k++)
    // everything conjugated: the inverse of a transform is the conjugate's, conjugated
    for (let y = 0; y < pairs; y++) {
      const mirrored = k >= half,
        up = y * half + (mirrored ? width - k : k),
        down = up + pairs * half;
      const sign = k === 0 || 2 * k === width ? 0 : mirrored ? -1 : 1; // of two columns only the real part counts
      re[k * pairs + y] = halfRe[up] + sign * halfIm[down];
      im[k * pairs + y] = sign * halfIm[up] - halfRe[down];
    }
  [re, im] = transform(re, im, width, pairs);
  const made = new Float32Array(height * width);
  for (let y = 0; y < pairs; y++)
    for (let x = 0; x < width; x++) {
      made[y * width + x] = scale * re[x * pairs + y];
      made[(y + pairs) * width + x] = -scale * im[x * pairs + y];
    }
  return made;
}
