/** Work that is done in pieces between frames, so that no frame waits for it. */

const BUDGET = 8; // milliseconds of a frame

/** @type {Set<() => void>} */
const waiting = new Set();
let scheduled = false;

/** Does a piece of work soon; the same function waits once. @param {() => void} work */
export function soon(work) {
  waiting.add(work);
  if (scheduled) return;
  scheduled = true;
  schedule();
}

/** Forgets work that waits. @param {() => void} work */
export const forget = (work) => waiting.delete(work);

// A page in the background draws no frames.
const schedule = () => (document.hidden ? setTimeout(run, 100) : requestAnimationFrame(run));

function run() {
  const end = performance.now() + BUDGET;
  for (const work of waiting) {
    waiting.delete(work);
    work();
    if (performance.now() > end) break;
  }
  scheduled = waiting.size > 0;
  if (scheduled) schedule();
}
