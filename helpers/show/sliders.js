function (root, grid) {
  function made(tag, name, words, parent) {
    var element = document.createElement(tag);
    if (name) { element.className = name; }
    element.textContent = words;
    parent.appendChild(element);
    return element;
  }
  var stage = root.querySelector(".pom-stage"), sheet = root.querySelector(".pom-sheet");
  var status = root.querySelector(".pom-status"), side = made("div", "pom-side", "", stage);
  var rows = grid.down.values.length, columns = grid.across.values.length, ranges = {};
  var all = made("div", "pom-cells", "", document.createElement("div")), cells = [];
  Object.keys(grid.shape).forEach(function (name) { stage.style.setProperty("--" + name, grid.shape[name]); });
  stage.style.setProperty("--rows", rows);
  stage.style.setProperty("--columns", columns);
  side.appendChild(status);
  status.textContent = "";

  // The names of rows and columns beside the sheet; who cannot see them is told at each picture.
  function head(kind, words, k) {
    var name = made("div", "pom-head pom-" + kind, words, sheet);
    name.setAttribute("aria-hidden", "true");
    if (k === undefined) { name.classList.add("pom-name"); } else { name.style.setProperty("--k", k); }
  }
  function at(line, k) { return line.name ? line.name + " " + line.values[k] : ""; }
  [["up", grid.down], ["over", grid.across]].forEach(function (pair) {
    if (!pair[1].name) { return; }
    head(pair[0], pair[1].name);
    pair[1].values.forEach(function (words, k) { head(pair[0], words, k); });
  });
  for (var k = 0; k < rows * columns; k++) {
    cells.push(made("div", "pom-cell", "", all));
    made("span", "pom-aside", [at(grid.down, Math.floor(k / columns)), at(grid.across, k % columns)].filter(Boolean)
      .join(", ") + ": ", cells[k]);
    cells[k].appendChild(document.createTextNode(grid.words[k] || ""));
  }
  sheet.appendChild(all);

  // The sliders, and the button that opens the whole sheet.
  function slider(axis, line) {
    if (!line.name) { return; }
    var label = made("label", "", line.name + " ", side), value = made("b", "", "", label);
    var range = ranges[axis] = made("input", "pom-" + axis, "", label);
    value.setAttribute("aria-hidden", "true");
    range.type = "range";
    range.min = 0;
    range.max = line.values.length - 1;
    range.step = 1;
    range.value = 0;
    range.addEventListener("input", show);
  }
  function place(axis) { return ranges[axis] ? +ranges[axis].value : 0; }
  function say(axis, line, word) {
    if (!ranges[axis]) { return; }
    var value = line.values[place(axis)];
    ranges[axis].previousSibling.textContent = value;
    ranges[axis].setAttribute("aria-valuetext", word ? value + ", " + word : value);
  }
  function show() {
    var x = place("x"), y = place("y"), word = grid.words[y * columns + x] || "";
    stage.style.setProperty("--x", x);
    stage.style.setProperty("--y", y);
    cells.forEach(function (cell, k) { cell.classList.toggle("pom-chosen", k === y * columns + x); });
    status.textContent = word;
    say("x", grid.across, word);
    say("y", grid.down, word);
  }
  function open(how) {
    stage.setAttribute("data-live", how);
    button.textContent = how === "whole" ? "One at a time" : "All side by side";
  }
  slider("x", grid.across);
  slider("y", grid.down);
  var button = made("button", "", "", side);
  button.type = "button";
  button.addEventListener("click", function () {
    open(stage.getAttribute("data-live") === "whole" ? "one" : "whole");
    button.scrollIntoView({ block: "nearest" });
  });
  cells.forEach(function (cell, k) {
    cell.addEventListener("click", function () {
      if (ranges.x) { ranges.x.value = k % columns; }
      if (ranges.y) { ranges.y.value = Math.floor(k / columns); }
      show();
    });
  });
  open(grid.open);
  show();
}
