// How a slope becomes a step: in place, uphill (chapters 2 and 6).

/** Adam, and with a decay AdamW: before each step the parameters shrink by 1 − rate · decay. */
export class Adam {
  constructor(count) {
    Object.assign(this, {mean: new Float32Array(count), square: new Float32Array(count), steps: 0});
  }

  step(parameters, slope, rate, decay = 0, [fast, slow] = [0.9, 0.999], least = 1e-8) {
    const {mean, square} = this,
      far = rate / (1 - fast ** ++this.steps),
      narrow = 1 / Math.sqrt(1 - slow ** this.steps);
    for (let at = 0; at < parameters.length; at++) {
      mean[at] += (1 - fast) * (slope[at] - mean[at]);
      square[at] = slow * square[at] + (1 - slow) * slope[at] ** 2;
      parameters[at] = (1 - rate * decay) * parameters[at] + (far * mean[at]) / (Math.sqrt(square[at]) * narrow + least);
    }
  }
}

/** Steps of one size: the slope over the mean of its absolute values. */
export class MeanStep {
  step(parameters, slope, rate) {
    const size = slope.reduce((sum, value) => sum + Math.abs(value), 0) / slope.length;
    for (let at = 0; at < parameters.length; at++) parameters[at] += (rate * slope[at]) / Math.max(size, 1.2e-38);
  }
}

/** A rate that falls to 0 along half a cosine. */
export const cosine = (step, steps) => (1 + Math.cos((Math.PI * step) / steps)) / 2;
