// Once a page stands: fetch what waits for the reader (pictures further down, the frames of films), one at a time, so
// that a page read on a train is whole before the tunnel. Not where the reader saves data. From a file, the search
// shows titles alone, since a page opened from a file may read no other. And figures that scroll are within keys' reach.
(function () {
  "use strict";
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }
  var kept = [];
  function fetchNext(addresses) {
    var address = addresses.shift();
    if (!address) { return; }
    var picture = new Image();
    kept.push(picture); // held, so that the browser holds it too
    picture.onload = picture.onerror = function () { fetchNext(addresses); };
    picture.src = address;
  }
  function later() {
    var connection = navigator.connection;
    if (connection && connection.saveData) { return; }
    var addresses = [];
    document.querySelectorAll("article img[loading=lazy]").forEach(function (image) { addresses.push(image.src); });
    document.querySelectorAll("script.pom-later").forEach(function (list) {
      addresses = addresses.concat(JSON.parse(list.textContent));
    });
    fetchNext(addresses);
  }
  // What scrolls sideways on a narrow page must do so by keyboard, too; where it fits, it is no stop for the Tab key.
  function reachable() {
    document.querySelectorAll("article figure, article figure div, article pre.pom-wide, article div.math > mjx-container").forEach(function (place) {
      var scrolls = getComputedStyle(place).overflowX === "auto" && place.scrollWidth > place.clientWidth + 1;
      if (scrolls && !place.hasAttribute("tabindex")) {
        place.dataset.scrolls = "";
        place.tabIndex = 0;
        place.setAttribute("role", "group");
        place.setAttribute("aria-label", "Wider than the page: it scrolls sideways");
      } else if (!scrolls && "scrolls" in place.dataset) {
        ["tabindex", "role", "aria-label", "data-scrolls"].forEach(function (name) { place.removeAttribute(name); });
      }
    });
  }
  // Paper is white.
  var theme = null, page = document.documentElement;
  window.addEventListener("beforeprint", function () { theme = page.dataset.theme; page.dataset.theme = "light"; });
  window.addEventListener("afterprint", function () { if (theme !== null) { page.dataset.theme = theme; theme = null; } });
  window.addEventListener("resize", reachable);
  window.addEventListener("load", function () {
    reachable();
    var idle = window.requestIdleCallback || function (go) { setTimeout(go, 1); };
    setTimeout(function () { idle(later); }, 1500);
  });
})();
