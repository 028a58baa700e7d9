// Fetching what a climb needs, and saying in a sentence what is wrong with it.

/** What went wrong, in a sentence for the reader. */
export class Problem extends Error {}

const name = url => url.split('/').pop();
const hex = bytes => [...new Uint8Array(bytes)].map(byte => byte.toString(16).padStart(2, '0')).join('');

async function answer(url) {
  let response;
  try {
    response = await fetch(url);
  } catch {
    throw new Problem(`${name(url)} could not be fetched: there is no connection. Start tries again.`);
  }
  if (response.ok) return response;
  throw new Problem(
    `${name(url)} is missing on this site (${response.status}). Whoever built it can run “make book” again.`,
  );
}

/** What the site has: networks, runtime, and what is missing and why. */
export async function readLive(folder) {
  const response = await answer(`${folder}/live.json`);
  try {
    return await response.json();
  } catch {
    throw new Problem('live.json, the list of networks, is broken. Whoever built this site can run “make book” again.');
  }
}

/** A file's bytes; `tell(bytes so far)` as they come. A file that is not what live.json says is refused. */
export async function fetchWhole(url, {bytes, sha256} = {}, tell = () => {}) {
  const parts = [],
    reader = (await answer(url)).body.getReader();
  let length = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      tell((length += part.value.length));
    }
  } catch {
    throw new Problem(`The connection broke while ${name(url)} was on its way. Start tries again.`);
  }
  const whole = await new Blob(parts).arrayBuffer();
  const same =
    (bytes ?? length) === length &&
    (!sha256 || !crypto.subtle || hex(await crypto.subtle.digest('SHA-256', whole)) === sha256);
  if (!same)
    throw new Problem(
      `${name(url)} is broken: it is not the file that this site lists. Reload the page to fetch it anew.`,
    );
  return whole;
}
