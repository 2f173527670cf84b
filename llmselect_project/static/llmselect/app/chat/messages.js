/** The messages of a conversation, which stays at its end while an answer grows, and reads older ones further up. */
import { Fragment, html, useEffect } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { useFollowing } from "../controls/following.js";
import { Icon } from "../controls/icons.js";
import { Answer } from "./answer.js";
import { Question } from "./question.js";

const NEAR_TOP = 1000; // pixels from the top at which older messages are read

/** @param {{thread: import("./thread.js").Thread, actions: any}} props */
export function Messages({ thread, actions }) {
  const messages = thread.messages.value;
  const live = thread.live.value;
  const { box, inner, following, away, toEnd, scrolled } = useFollowing(thread, live !== null);

  // Older messages come when the top is near; what is read stays where it is.
  const older = async () => {
    if (!box.current || box.current.scrollTop > NEAR_TOP || !thread.older.value) return;
    const before = box.current.scrollHeight - box.current.scrollTop;
    following.current = false;
    if (!(await thread.loadOlder().catch(() => false)) || !box.current) return;
    box.current.scrollTop = box.current.scrollHeight - before;
    requestAnimationFrame(older);
  };
  useEffect(() => void older(), [thread]);
  const scroll = () => {
    scrolled();
    older();
  };

  const last = messages.findLast((each) => each.role === "user");
  return html`<${Fragment}>
    <div class="scroll" ref=${box} onScroll=${scroll} tabindex="-1">
      <div class="messages" ref=${inner} role="log" aria-live="off" aria-label=${t("messages")}>
        <div class="top">${thread.older.value && html`<p class="quiet" role="status">${t("loading")}</p>`}</div>
        ${messages.map((message) =>
          message.role === "user"
            ? html`<${Question} key=${message.key} message=${message} busy=${message === last && live !== null} newest=${message === last} actions=${actions} />`
            : html`<${Answer} key=${message.key} message=${message} busy=${message === messages.at(-1) && live !== null} newest=${message === messages.at(-1)} actions=${actions} />`,
        )}
      </div>
    </div>
    ${away && html`<button type="button" class="to-end" aria-label=${t("to_end")} title=${t("to_end")} onClick=${toEnd}><${Icon} name="down" /></button>`}
  <//>`;
}
