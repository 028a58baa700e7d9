(function (key) {
  function start(root) {
    var stage = root.querySelector(".pom-stage"), cells = [].slice.call(root.querySelectorAll(".pom-cell"));
    var status = root.querySelector(".pom-status"), button = root.querySelector("button");
    var across = root.querySelector("input.pom-x"), down = root.querySelector("input.pom-y");
    var columns = across ? +across.max + 1 : 1;
    function name(kind, k) {
      return root.querySelectorAll(".pom-head.pom-" + kind + ":not(.pom-name)")[k].textContent;
    }
    function say(range, kind, k, word) {
      var value = name(kind, k);
      range.parentNode.querySelector("b").textContent = value;
      range.setAttribute("aria-valuetext", word ? value + ", " + word : value);
    }
    function show() {
      var x = across ? +across.value : 0, y = down ? +down.value : 0, cell = cells[y * columns + x];
      var word = cell.lastChild.nodeType === 3 ? cell.lastChild.data : "";
      stage.style.setProperty("--x", x);
      stage.style.setProperty("--y", y);
      cells.forEach(function (other) { other.classList.toggle("pom-chosen", other === cell); });
      status.textContent = word;
      if (across) { say(across, "over", x, word); }
      if (down) { say(down, "up", y, word); }
    }
    function open(how) {
      stage.setAttribute("data-live", how);
      button.textContent = how === "whole" ? "One at a time" : "All side by side";
    }
    [across, down].forEach(function (range) { if (range) { range.addEventListener("input", show); } });
    button.addEventListener("click", function () {
      open(stage.getAttribute("data-live") === "whole" ? "one" : "whole");
      button.scrollIntoView({ block: "nearest" });
    });
    cells.forEach(function (cell, k) {
      cell.addEventListener("click", function () {
        if (across) { across.value = k % columns; }
        if (down) { down.value = Math.floor(k / columns); }
        show();
      });
    });
    root.addEventListener("keydown", function (event) { event.stopPropagation(); });
    root.querySelector(".pom-side").hidden = false;
    open(stage.getAttribute("data-open"));
    show();
  }
  document.querySelectorAll('[data-pom="' + key + '"]:not([data-ready])').forEach(function (root) {
    root.setAttribute("data-ready", "");
    start(root);
  });
})
