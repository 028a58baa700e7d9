function (root, film) {
  function button(name, words, shape) {
    return '<button type="button" class="pom-' + name + '" aria-label="' + words +
      '"><svg viewBox="0 0 16 16" aria-hidden="true">' + shape + "</svg></button>";
  }
  var image = root.querySelector("img"), status = root.querySelector(".pom-status"), alt = image.alt;
  var side = document.createElement("div"), timer = null;
  side.className = "pom-side";
  status.parentNode.appendChild(side);
  side.appendChild(status);
  side.insertAdjacentHTML("beforeend", '<div class="pom-plots">' + film.plots + '</div><div class="pom-controls">' +
    '<input type="range" min="0" max="' + film.frames.length + '" step="1" aria-label="Frame">' +
    '<div class="pom-buttons">' + button("back", "One frame back", '<path d="M11 2v12L3 8z"/>') +
    button("play", "Play", '<path class="pom-go" d="M3 1v14l11-7z"/><path class="pom-halt" d="M3 2h4v12H3zm6 0h4v12H9z"/>') +
    button("next", "One frame on", '<path d="M5 2v12l8-6z"/>') + "</div></div>");
  if (film.predict) {
    root.querySelector(".pom-plots").insertAdjacentHTML("beforeend",
      '<div class="pom-ask"><p></p><button type="button" class="pom-reveal">Show the end</button></div>');
    root.querySelector(".pom-ask p").textContent = film.predict;
  }
  var range = root.querySelector("input"), play = root.querySelector(".pom-play");
  var dot = root.querySelector("circle"), line = root.querySelector(".pom-now");
  var spectrum = root.querySelector(".pom-spectrum"), ask = root.querySelector(".pom-ask");
  status.setAttribute("aria-live", "off");
  var frames = film.frames.map(function (data) { return "data:image/webp;base64," + data; }).concat(image.src);
  var last = frames.length - 1, still = matchMedia("(prefers-reduced-motion: reduce)");
  function show(k) {
    range.value = k;
    range.setAttribute("aria-valuetext", film.labels[k]);
    image.src = frames[k];
    status.textContent = film.labels[k];
    dot.setAttribute("cx", film.dots[k][0]);
    dot.setAttribute("cy", film.dots[k][1]);
    line.setAttribute("x1", film.dots[k][0]);
    line.setAttribute("x2", film.dots[k][0]);
    if (spectrum) {
      spectrum.setAttribute("points", film.across.map(function (x, n) { return x + "," + film.spectra[k][n]; }).join(" "));
    }
  }
  function cover() {
    root.setAttribute("data-covered", "");
    ask.hidden = false;
    image.alt = "The first frame";
    show(0);
  }
  function uncover() {
    if (!root.hasAttribute("data-covered")) { return; }
    root.removeAttribute("data-covered");
    ask.hidden = true;
    image.alt = alt;
  }
  function end() {
    uncover();
    show(last);
  }
  function pause() {
    clearInterval(timer);
    timer = null;
    play.removeAttribute("data-playing");
    play.setAttribute("aria-label", "Play");
  }
  function tick() {
    if (!root.isConnected || +range.value >= last) { pause(); } else { show(+range.value + 1); }
  }
  function by(move) {
    return function () {
      pause();
      uncover();
      status.setAttribute("aria-live", "polite");
      show(Math.min(last, Math.max(0, +range.value + move)));
    };
  }
  range.addEventListener("input", function () {
    pause();
    uncover();
    status.setAttribute("aria-live", "off");
    show(+range.value);
  });
  root.querySelector(".pom-back").addEventListener("click", by(-1));
  root.querySelector(".pom-next").addEventListener("click", by(1));
  play.addEventListener("click", function () {
    if (timer !== null) { pause(); return; }
    uncover();
    status.setAttribute("aria-live", "off");
    if (+range.value >= last) { show(0); }
    play.setAttribute("data-playing", "");
    play.setAttribute("aria-label", "Pause");
    timer = setInterval(tick, Math.max(80, Math.min(250, 5000 / frames.length)));
  });
  if (still.addEventListener) { still.addEventListener("change", pause); }
  var paper = matchMedia("print"), before = null; // there the end stands; afterwards all is as it was
  if (paper.addEventListener) {
    paper.addEventListener("change", function () {
      if (paper.matches) {
        before = { frame: +range.value, covered: root.hasAttribute("data-covered") };
        pause();
        end();
      } else if (before) {
        if (before.covered) { cover(); } else { show(before.frame); }
        before = null;
      }
    });
  }
  if (!ask) { show(last); return; }
  cover();
  root.querySelector(".pom-reveal").addEventListener("click", function () {
    status.setAttribute("aria-live", "polite");
    end();
    range.focus({ preventScroll: true });
  });
}
