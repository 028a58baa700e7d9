function (root, wipe) {
  var pair = root.querySelector(".pom-pair"), range = document.createElement("input"), held = false;
  pair.querySelectorAll("figure, figcaption").forEach(function (part) { part.removeAttribute("style"); });
  pair.removeAttribute("style");
  pair.parentNode.style.setProperty("--most", wipe.most + "px");
  range.type = "range";
  range.min = 0;
  range.max = 100;
  range.step = 1;
  range.value = 50;
  range.setAttribute("aria-label", "Wipe from " + wipe.labels.join(" to "));
  pair.parentNode.appendChild(range);
  function show() {
    var left = +range.value;
    pair.style.setProperty("--at", left);
    range.setAttribute("aria-valuetext", left + " percent " + wipe.labels[0] + ", " +
      (100 - left) + " percent " + wipe.labels[1]);
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
  root.setAttribute("data-live", "");
  show();
}
