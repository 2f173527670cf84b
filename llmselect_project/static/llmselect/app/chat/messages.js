/** The messages of a conversation, which stays at its end while an answer grows, and reads older ones further up. */
import { Fragment, html, memo, useEffect } from "../lib/ui.js";
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

  const question = messages.findLast((each) => each.role === "user");
  const answer = messages.at(-1);
  return html`<${Fragment}>
    <div class="scroll" ref=${box} onScroll=${scroll} tabindex="-1">
      <div class="messages" ref=${inner} role="log" aria-live="off" aria-label=${t("messages")}>
        <div class="top">${thread.older.value && html`<p class="quiet" role="status">${t("loading")}</p>`}</div>
        ${pagesOf(messages).map((page) => {
          const newest = page.includes(answer) || page.includes(question);
          return html`<${Page} key=${page[0].page} messages=${page} busy=${newest && live !== null} question=${newest && question} answer=${newest && answer} actions=${actions} />`;
        })}
      </div>
    </div>
    ${away && html`<button type="button" class="to-end" aria-label=${t("to_end")} title=${t("to_end")} onClick=${toEnd}><${Icon} name="down" /></button>`}
  <//>`;
}

/** Splits messages into those that were read together. @param {import("./thread.js").Message[]} messages */
function pagesOf(messages) {
  const pages = [];
  for (const message of messages) {
    if (pages.at(-1)?.[0].page === message.page) pages.at(-1).push(message);
    else pages.push([message]);
  }
  return pages;
}

/** Messages that were read together, which the browser skips as one while they are out of sight. */
const Page = memo(
  ({ messages, busy, question, answer, actions }) => html`<div class="message-page">
    ${messages.map((message) => {
      const newest = message === (message.role === "user" ? question : answer);
      return html`<${message.role === "user" ? Question : Answer} key=${message.key} message=${message} busy=${newest && busy} newest=${newest} actions=${actions} />`;
    })}
  </div>`,
);
