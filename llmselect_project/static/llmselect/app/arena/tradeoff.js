/** Preference against what a model costs or takes; the line joins the models that no other beats in both. */
import { modelOf } from "../data/registry.js";
import { duration, money, shortModel } from "../lib/format.js";
import { html, useLayoutEffect, useRef, useState } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { placed } from "./labels.js";
import { scale } from "./scale.js";

const EDGE = { left: 44, right: 10, top: 12, bottom: 30 };
const RADIUS = 8.5;
const NARROW = 420; // pixels below which there are fewer ticks

/**
 * @param {{standings: import("./screen.js").Standing[], title: string, value: (each: any) => number | null, kind: "cost" | "time"}} props
 */
export function Tradeoff({ standings, title, value, kind }) {
  const box = useRef(null);
  const [width, setWidth] = useState(0);
  // Drawn as wide as there is room, so that the text is as large as all other text.
  useLayoutEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  const shown = standings.map((each, at) => ({ each, place: at + 1, value: value(each) })).filter((one) => one.value !== null);
  if (shown.length < 2) return html`<div ref=${box}></div>`;
  const write = kind === "cost" ? money : duration;
  return html`<figure class="panel tradeoff"><figcaption>${title}</figcaption>
    <div ref=${box} class="drawing">${width > 0 && html`<${Drawing} shown=${shown} title=${title} write=${write} width=${width} />`}</div>
    <p class="quiet small-print">${t("front_explained")} ${t("places_explained")}</p></figure>`;
}

function Drawing({ shown, title, write, width }) {
  const height = Math.round(Math.min(380, Math.max(250, width * 0.58)));
  const ticks = width < NARROW ? 3 : 5;
  const frame = { left: EDGE.left, right: width - EDGE.right, top: EDGE.top, bottom: height - EDGE.bottom };
  const across = scale(shown.map((one) => one.value), { from: frame.left + RADIUS, to: frame.right - RADIUS, ticks, zero: true });
  const up = scale(heights(shown), { from: frame.bottom, to: frame.top, ticks: 5 });
  const within = (y) => Math.min(frame.bottom, Math.max(frame.top, y));
  const points = shown.map(({ each, place, value }) => ({
    place, value, rating: each.rating, x: across(value), y: up(each.rating), from: within(up(each.rating_low)), to: within(up(each.rating_high)),
    name: modelOf(each)?.name ?? shortModel(each.model), strong: false,
  }));
  const front = frontOf(points);
  for (const point of front) point.strong = true;
  const others = points.filter((point) => !point.strong);
  const intervals = points.map(({ x, from, to }) => ({ left: x, right: x, top: Math.min(from, to), bottom: Math.max(from, to) }));
  const labels = placed([...front, ...others], frame, [...intervals, ...stepsOf(front)], RADIUS);
  const line = front.map((point, at) => `${at ? `H${point.x}V` : `M${point.x} `}${point.y}`).join("");
  const words = (point) => `${point.place}. ${point.name}: ${Math.round(point.rating)}, ${write(point.value)}`;
  return html`<svg viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} role="img" aria-label=${`${title}. ${points.map(words).join("; ")}`}>
      ${up.ticks.map((tick) => html`<g key=${tick}><line class="grid" x1=${frame.left} x2=${frame.right} y1=${up(tick)} y2=${up(tick)} /><text class="tick" x=${frame.left - 6} y=${up(tick) + 4} text-anchor="end">${Math.round(tick)}</text></g>`)}
      ${across.ticks.map((tick) => html`<text class="tick" key=${tick} x=${across(tick)} y=${height - 8} text-anchor="middle">${write(tick)}</text>`)}
      ${points.map((point) => html`<line class=${point.strong ? "whisker-line best" : "whisker-line"} x1=${point.x} x2=${point.x} y1=${point.from} y2=${point.to} />`)}
      <path class="front" d=${line} />
      ${[...others, ...front].map((point) => html`<g key=${point.place} class=${point.strong ? "dot best" : "dot"}>
        <circle cx=${point.x} cy=${point.y} r=${RADIUS}><title>${words(point)}</title></circle>
        <text class="place" x=${point.x} y=${point.y + 3.5} text-anchor="middle">${point.place}</text>
        ${labels.has(point) && html`<text class="name" x=${labels.get(point).x} y=${labels.get(point).y}>${labels.get(point).text}</text>`}</g>`)}
    </svg>`;
}

/** What the height shows: all ratings, and their intervals as far as they leave room for the ratings. */
function heights(shown) {
  const ratings = shown.map((one) => one.each.rating);
  const [least, most] = [Math.min(...ratings), Math.max(...ratings)];
  const room = Math.max(most - least, 100) * 0.4;
  return [
    ...ratings,
    Math.max(least - room, Math.min(...shown.map((one) => one.each.rating_low))),
    Math.min(most + room, Math.max(...shown.map((one) => one.each.rating_high))),
  ];
}

/** The lines of the front: across at the height of one point, then up to the next one. */
const stepsOf = (front) =>
  front.slice(1).flatMap((point, at) => [
    { left: front[at].x, right: point.x, top: front[at].y, bottom: front[at].y },
    { left: point.x, right: point.x, top: point.y, bottom: front[at].y },
  ]);

/** Finds the models that no other one beats in both, by rising cost. */
function frontOf(points) {
  const best = [];
  for (const point of [...points].sort((one, other) => one.value - other.value || other.rating - one.rating))
    if (!best.length || point.rating > best.at(-1).rating) best.push(point);
  return best;
}
