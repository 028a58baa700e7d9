// The score, step by step: a line in an SVG whose width is all the steps that are planned.

const WIDE = 400,
  HIGH = 90,
  EDGE = 4;

export class Curve {
  constructor(svg) {
    Object.assign(this, {svg, line: svg.querySelector('path'), dot: svg.querySelector('.climb-dot')});
    this.clear(1);
  }

  clear(steps) {
    Object.assign(this, {scores: [], steps});
    this.draw();
  }

  add(step, score) {
    this.scores.length = step - 1; // after a step back, the curve goes on from there
    this.scores[step - 1] = score;
  }

  draw() {
    const {scores} = this,
      shown = scores.map((score, k) => [k + 1, score]).filter(([, score]) => Number.isFinite(score));
    const values = shown.map(([, score]) => score),
      low = Math.min(0, ...values),
      high = Math.max(low + 1e-6, ...values);
    const stride = Math.max(1, Math.ceil(shown.length / WIDE)); // no more points than there are places
    const points = shown
      .filter((_, k) => k % stride === 0 || k === shown.length - 1)
      .map(([step, score]) =>
        [
          EDGE + ((WIDE - 2 * EDGE) * step) / this.steps,
          HIGH - EDGE - ((HIGH - 2 * EDGE) * (score - low)) / (high - low),
        ].map(x => x.toFixed(1)),
      );
    this.line.setAttribute('d', points.length ? `M${points.map(point => point.join(' ')).join('L')}` : '');
    this.dot.setAttribute('d', points.length ? `M${points.at(-1).join(' ')}h0` : '');
  }
}
