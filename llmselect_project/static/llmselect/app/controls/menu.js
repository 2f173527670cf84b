/** A button that opens a list of actions, as ARIA's menu button has it: https://www.w3.org/WAI/ARIA/apg/patterns/menu-button/. */
import { html, useEffect, useRef, useState } from "../lib/ui.js";
import { Icon } from "./icons.js";

/**
 * @typedef {{label: string, icon?: string, act?: () => void, href?: string, download?: boolean, danger?: boolean}} Action
 * @param {{label: string, icon?: string, actions: (Action | false | null)[], children?: any, className?: string, upwards?: boolean}} props
 */
export function Menu({ label, icon = "more", actions, children, className = "icon-button", upwards = false }) {
  const [place, setPlace] = useState(null);
  const button = useRef(null);
  const list = useRef(null);

  useEffect(() => {
    if (!place) return undefined;
    list.current.querySelector("[role=menuitem]")?.focus();
    const away = (event) => list.current?.contains(event.target) || button.current.contains(event.target) || setPlace(null);
    const gone = () => setPlace(null);
    document.addEventListener("pointerdown", away);
    addEventListener("resize", gone);
    return () => {
      document.removeEventListener("pointerdown", away);
      removeEventListener("resize", gone);
    };
  }, [place]);

  const toggle = (event) => {
    event.preventDefault();
    event.stopPropagation();
    setPlace(place ? null : beside(button.current.getBoundingClientRect(), upwards));
  };
  const close = () => {
    setPlace(null);
    button.current.focus();
  };
  const move = (event) => {
    const items = [...list.current.querySelectorAll("[role=menuitem]")];
    const at = items.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") close();
    else if (next === undefined) return;
    else items[(next + items.length) % items.length].focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<button ref=${button} type="button" class=${className} aria-haspopup="menu" aria-expanded=${place !== null} aria-label=${children ? undefined : label} title=${children ? undefined : label} onClick=${toggle}>
      ${children ?? html`<${Icon} name=${icon} />`}
    </button>
    ${place && html`<div ref=${list} class="menu" role="menu" aria-label=${label} style=${place} onKeyDown=${move}>
      ${actions.filter(Boolean).map((action) => html`<${Item} action=${action} close=${close} />`)}
    </div>`}`;
}

function Item({ action, close }) {
  const inside = html`${action.icon && html`<${Icon} name=${action.icon} size=${16} />`}<span>${action.label}</span>`;
  const name = action.danger ? "menu-item danger" : "menu-item";
  if (action.href)
    return html`<a role="menuitem" tabindex="-1" class=${name} href=${action.href} download=${action.download} onClick=${() => close()}>${inside}</a>`;
  const act = (event) => {
    event.stopPropagation();
    close();
    action.act();
  };
  return html`<button type="button" role="menuitem" tabindex="-1" class=${name} onClick=${act}>${inside}</button>`;
}

/** Places a menu beside a button, so that it stays within the window. @param {DOMRect} box @param {boolean} upwards */
function beside(box, upwards) {
  const right = box.left > innerWidth / 2 ? { right: `${Math.max(8, innerWidth - box.right)}px` } : { left: `${Math.max(8, box.left)}px` };
  const above = upwards || box.bottom > innerHeight - 240;
  return above ? { ...right, bottom: `${innerHeight - box.top + 4}px` } : { ...right, top: `${box.bottom + 4}px` };
}
