/** Keeps the end of what grows in view, unless the reader has scrolled up. */
import { useEffect, useLayoutEffect, useRef, useState } from "../lib/ui.js";

const NEAR = 120; // pixels from the end that count as the end

/**
 * @param {any} whole what is shown; another one begins at its end
 * @param {boolean} growing whether it grows now, which shows its end once
 * @param {boolean} [fromEnd] whether a new one is shown from its end
 */
export function useFollowing(whole, growing, fromEnd = true) {
  const box = useRef(null);
  const inner = useRef(null);
  const following = useRef(fromEnd);
  const [away, setAway] = useState(false);

  const toEnd = () => {
    following.current = true;
    setAway(false);
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  const scrolled = () => {
    if (!box.current) return;
    const { scrollHeight, scrollTop, clientHeight } = box.current;
    const end = scrollHeight - scrollTop - clientHeight < NEAR;
    following.current = end;
    setAway(!end);
  };
  // Whatever makes the text longer, also formulas that come later, keeps the end in view.
  useEffect(() => {
    if (!box.current) return undefined;
    const watch = new ResizeObserver(() => {
      if (following.current && box.current) box.current.scrollTop = box.current.scrollHeight;
    });
    watch.observe(inner.current);
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [whole, box.current]);
  useLayoutEffect(() => {
    if (fromEnd) toEnd();
    else following.current = false;
  }, [whole]);
  useLayoutEffect(() => {
    if (growing) toEnd();
  }, [growing]);
  return { box, inner, following, away, toEnd, scrolled };
}
