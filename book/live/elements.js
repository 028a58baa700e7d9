// Small things of a page: elements, numbers in words, files for the reader.

export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Whether a button can be used now. One that cannot keeps the focus, which a disabled one would lose. */
export const isAllowed = button => button.ariaDisabled !== 'true';
export const allow = (button, yes) => button.setAttribute('aria-disabled', String(!yes));

/** A score in few letters. */
export function short(score) {
  const size = Math.abs(score);
  return size < 1e5 ? score.toLocaleString('en', {maximumFractionDigits: size < 100 ? 2 : 0}) : score.toExponential(2);
}

export const megabytes = bytes => (bytes / 1e6).toFixed(1);

/** Let the browser save a file. */
export function save(blob, name) {
  const link = make('a', {href: URL.createObjectURL(blob), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** Copy text, and let the button say so for two seconds. */
export async function copy(text, button) {
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Copying is not allowed here';
  }
  setTimeout(() => {
    button.textContent = words;
  }, 2000);
}
