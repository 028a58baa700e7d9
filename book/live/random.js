// A seeded generator, sfc32. Its numbers are not torch's: a notebook draws another start from the same seed.

export class Random {
  constructor(seed) {
    let state = seed >>> 0;
    const word = () => {
      // splitmix32 spreads one number over four
      state = (state + 0x9e3779b9) | 0;
      let z = state ^ (state >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) | 0;
    };
    this.words = [word(), word(), word(), 1];
    for (let k = 0; k < 16; k++) this.next();
  }

  /** 32 random bits as a number in [0, 1). */
  next() {
    let [a, b, c, count] = this.words;
    const sum = (((a + b) | 0) + count) | 0;
    this.words = [b ^ (b >>> 9), (c + (c << 3)) | 0, (((c << 21) | (c >>> 11)) + sum) | 0, (count + 1) | 0];
    return (sum >>> 0) / 4294967296;
  }

  uniform(low, high) {
    return low + (high - low) * this.next();
  }

  /** A whole number from low to high, both included. */
  integer(low, high) {
    return low + Math.floor((high - low + 1) * this.next());
  }

  /** `count` normal numbers, two at a time (Box and Muller). */
  normal(count) {
    const values = new Float32Array(count);
    for (let k = 0; k < count; k += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.next())),
        angle = 2 * Math.PI * this.next();
      values[k] = radius * Math.cos(angle);
      if (k + 1 < count) values[k + 1] = radius * Math.sin(angle);
    }
    return values;
  }
}
