(function (key, look, data, start) {
  document.querySelectorAll('[data-pom="' + key + '"]:not([data-ready])').forEach(function (root) {
    var style = document.createElement("style"), status = root.querySelector(".pom-status");
    root.setAttribute("data-ready", "");
    style.textContent = look;
    root.insertBefore(style, root.firstChild);
    if (status) { status.removeAttribute("style"); }
    root.querySelectorAll(".pom-still").forEach(function (line) { line.remove(); });
    root.addEventListener("keydown", function (event) { event.stopPropagation(); });
    start(root, data);
  });
})
