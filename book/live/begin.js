// Inlined into the page, since a page that was opened from a file may fetch no module: then it says what to do.
const root = document.querySelector('.pom-climb');
const page = root.querySelector('.climb-page');
page.hidden = false;
if (location.protocol === 'file:') {
  const trouble = root.querySelector('.climb-trouble');
  trouble.textContent =
    'This page was opened from a file, and browsers let no file fetch another. In the book’s folder, ' +
    'the command “make serve” gives it an address at which it climbs.';
  trouble.hidden = false;
  root.querySelectorAll('.climb-page :is(button, input, select)').forEach(one => {
    one.disabled = true;
  });
} else {
  import(new URL(`${root.dataset.live}/page.js`, location.href).href).then(
    ({begin}) => begin(root),
    () => {
      const trouble = root.querySelector('.climb-trouble');
      trouble.textContent = 'A part of this page could not be fetched. Reload it to try again.';
      trouble.hidden = false;
    },
  );
}
