/** The messages of a conversation, which stays at its end while an answer grows, and reads older ones further up. */
import { Fragment, html, useEffect, useLayoutEffect, useRef, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { Icon } from "../controls/icons.js";
import { Answer } from "./answer.js";
import { Question } from "./question.js";

const NEAR = 120; // pixels from the end that count as the end

/** @param {{thread: import("./thread.js").Thread, actions: any}} props */
export function Messages({ thread, actions }) {
  const box = useRef(null);
  const inner = useRef(null);
  const top = useRef(null);
  const following = useRef(true);
  const [away, setAway] = useState(false);
  const messages = thread.messages.value;
  const live = thread.live.value;

  const toEnd = () => {
    following.current = true;
    setAway(false);
    box.current.scrollTop = box.current.scrollHeight;
  };
  const scrolled = () => {
    const { scrollHeight, scrollTop, clientHeight } = box.current;
    const end = scrollHeight - scrollTop - clientHeight < NEAR;
    following.current = end;
    setAway(!end);
  };
  // Whatever makes the text longer, also pictures and formulas that come later, keeps the end in view.
  useEffect(() => {
    const watch = new ResizeObserver(() => {
      if (following.current) box.current.scrollTop = box.current.scrollHeight;
    });
    watch.observe(inner.current);
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(toEnd, [thread]);
  useLayoutEffect(() => {
    if (live) toEnd();
  }, [live]);
  // Older messages come when the top is near; what is read stays where it is.
  useEffect(() => {
    const watch = new IntersectionObserver(
      async ([entry]) => {
        if (!entry.isIntersecting) return;
        const before = box.current.scrollHeight - box.current.scrollTop;
        following.current = false;
        if (!(await thread.loadOlder().catch(() => false))) return;
        requestAnimationFrame(() => (box.current.scrollTop = box.current.scrollHeight - before));
        watch.unobserve(top.current);
        requestAnimationFrame(() => top.current && watch.observe(top.current));
      },
      { root: box.current, rootMargin: "600px 0px 0px" },
    );
    watch.observe(top.current);
    return () => watch.disconnect();
  }, [thread]);

  const last = messages.findLast((each) => each.role === "user");
  return html`<${Fragment}>
    <div class="scroll" ref=${box} onScroll=${scrolled} tabindex="-1">
      <div class="messages" ref=${inner} role="log" aria-live="off" aria-label=${t("messages")}>
        <div ref=${top} class="top">${thread.older.value && html`<p class="quiet" role="status">${t("loading")}</p>`}</div>
        ${messages.map((message) =>
          message.role === "user"
            ? html`<${Question} key=${message.key} message=${message} busy=${live !== null} newest=${message === last} actions=${actions} />`
            : html`<${Answer} key=${message.key} message=${message} busy=${live !== null} newest=${message === messages.at(-1)} actions=${actions} />`,
        )}
      </div>
    </div>
    ${away && html`<button type="button" class="to-end" aria-label=${t("to_end")} title=${t("to_end")} onClick=${toEnd}><${Icon} name="down" /></button>`}
  <//>`;
}
