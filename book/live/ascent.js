// The one loop: the same steps as `ascend` in helpers, derived in chapter 2.
import {cosine} from './optimizers.js';

export class Climb {
  /**
   * picture: a parameterization; network: what looks at it; optimizer: how a slope becomes a step; steps: how many are
   * planned; choices: what may change on the way, {rate, falls, decay, views, edits}; random: draws what the views
   * need; numbers: handed over instead, numbers(step) being one list a view.
   */
  constructor(parts) {
    Object.assign(this, {step: 0, numbers: null, ...parts});
  }

  /** The image as it is: drawn once between two steps. */
  get image() {
    return (this.drawn ??= this.picture.draw());
  }

  /** The picture was changed by something else than a step. */
  touched() {
    this.drawn = null;
  }

  /** One step up. Returns its score, and whether there was a slope at all. */
  async up() {
    const {rate, falls, decay, views, edits} = this.choices;
    const picture = this.image,
      ways = [];
    let seen = picture;
    views.forEach((view, k) => {
      // the network looks through the views,
      const drawn = this.numbers ? this.numbers(this.step)[k] : view.draw(this.random, seen);
      ways.unshift(slope => view.back(slope, drawn));
      seen = view.look(seen, drawn);
    });
    const {score, gradient} = await this.network.look(seen);
    const slope = this.picture.slope(ways.reduce((slope, back) => back(slope), gradient)); // and the gradient goes back
    const slopes = slope.some(value => value !== 0);
    if (!Number.isFinite(score) || !slopes) return {score, slopes};
    this.optimizer.step(this.picture.parameters, slope, falls ? rate * cosine(this.step, this.steps) : rate, decay);
    this.step += 1;
    this.touched();
    for (const {every, change} of edits) if (this.step % every === 0) this.picture.edit(change);
    return {score, slopes};
  }
}
