(function (key) {
  function start(root) {
    var pair = root.querySelector(".pom-pair"), range = root.querySelector("input"), held = false;
    function show() {
      var left = +range.value;
      pair.style.setProperty("--at", left);
      range.setAttribute("aria-valuetext", left + " percent " + range.getAttribute("data-before") + ", " +
        (100 - left) + " percent " + range.getAttribute("data-after"));
    }
    function follow(event) {
      var box = pair.getBoundingClientRect();
      range.value = 100 * (event.clientX - box.left) / box.width;
      show();
    }
    range.addEventListener("input", show);
    pair.addEventListener("pointerdown", function (event) {
      if (event.button) { return; }
      held = true;
      if (pair.setPointerCapture) { pair.setPointerCapture(event.pointerId); }
      follow(event);
    });
    pair.addEventListener("pointermove", function (event) { if (held) { follow(event); } });
    ["pointerup", "pointercancel"].forEach(function (kind) {
      pair.addEventListener(kind, function () { held = false; });
    });
    pair.addEventListener("dragstart", function (event) { event.preventDefault(); });
    root.addEventListener("keydown", function (event) { event.stopPropagation(); });
    range.hidden = false;
    root.setAttribute("data-live", "");
    show();
  }
  document.querySelectorAll('[data-pom="' + key + '"]:not([data-ready])').forEach(function (root) {
    root.setAttribute("data-ready", "");
    start(root);
  });
})
