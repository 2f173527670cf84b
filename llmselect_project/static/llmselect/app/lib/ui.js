/** The view library: Preact with templates that need no compiler and no `eval`, and signals. */
import { h, Fragment, render, Component } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export const html = htm.bind(h);
export { Fragment, render, Component };
export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact-hooks.js";
export { batch, computed, effect, signal, useComputed, useSignal, useSignalEffect } from "../vendor/signals.js";

/** Whether two values are the same, or lists of the same values. */
const same = (one, other) =>
  one === other || (Array.isArray(one) && Array.isArray(other) && one.length === other.length && one.every((each, at) => each === other[at]));

/**
 * Draws a component again only when a property of it has changed; signals that it reads draw it as ever.
 * @param {(props: any) => any} drawn
 */
export function memo(drawn) {
  return class Memo extends Component {
    shouldComponentUpdate(next) {
      const names = Object.keys({ ...this.props, ...next });
      return names.some((name) => !same(this.props[name], next[name]));
    }

    render(props) {
      return html`<${drawn} ...${props} />`;
    }
  };
}

/**
 * Joins the class names that hold.
 * @param {...(string | false | null | undefined)} names
 */
export const classes = (...names) => names.filter(Boolean).join(" ");
