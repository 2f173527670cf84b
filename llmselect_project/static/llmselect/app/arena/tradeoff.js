/** Preference against what a model costs or takes; the line joins the models that no other beats in both. */
import { modelOf } from "../data/registry.js";
import { duration, money, shortModel } from "../lib/format.js";
import { html } from "../lib/ui.js";
import { t } from "../lib/words.js";

const WIDTH = 520;
const HEIGHT = 300;
const EDGE = { left: 44, right: 16, top: 14, bottom: 34 };

/**
 * @param {{standings: import("./screen.js").Standing[], title: string, value: (each: any) => number | null, kind: "cost" | "time"}} props
 */
export function Tradeoff({ standings, title, value, kind }) {
  const points = standings
    .filter((each) => value(each) !== null)
    .map((each) => ({ each, x: /** @type {number} */ (value(each)), y: /** @type {number} */ (each.rating), name: modelOf(each)?.name ?? shortModel(each.model) }));
  if (points.length < 2) return null;
  const write = kind === "cost" ? money : duration;
  const across = scale(points.map((point) => point.x), EDGE.left, WIDTH - EDGE.right, true);
  const up = scale(points.flatMap((point) => [point.each.rating_low, point.each.rating_high]), HEIGHT - EDGE.bottom, EDGE.top, false);
  const front = frontOf(points);
  const line = front.map((point, at) => `${at ? `H${across(point.x)}V` : `M${across(point.x)} `}${up(point.y)}`).join("");
  const labels = placed([...front, ...points.filter((point) => !front.includes(point))], across, up);
  const rows = points.map((point) => `${point.name}: ${Math.round(point.y)}, ${write(point.x)}`).join("; ");
  return html`<figure class="panel tradeoff"><figcaption>${title}</figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${`${title}. ${rows}`}>
      ${up.ticks.map((tick) => html`<g key=${tick}><line class="grid" x1=${EDGE.left} x2=${WIDTH - EDGE.right} y1=${up(tick)} y2=${up(tick)} /><text class="tick" x=${EDGE.left - 6} y=${up(tick) + 4} text-anchor="end">${Math.round(tick)}</text></g>`)}
      ${across.ticks.map((tick, at) => html`<text class="tick" key=${tick} x=${across(tick)} y=${HEIGHT - 12} text-anchor=${at === 0 ? "start" : at === across.ticks.length - 1 ? "end" : "middle"}>${write(tick)}</text>`)}
      <path class="front" d=${line} />
      ${points.map((point) => html`<g key=${point.name} class=${front.includes(point) ? "dot best" : "dot"}>
        <line x1=${across(point.x)} x2=${across(point.x)} y1=${up(point.each.rating_low)} y2=${up(point.each.rating_high)} />
        <circle cx=${across(point.x)} cy=${up(point.y)} r="5"><title>${`${point.name}: ${Math.round(point.y)}, ${write(point.x)}`}</title></circle>
        <text x=${labels.get(point).x} y=${labels.get(point).y} text-anchor=${labels.get(point).anchor}>${labels.get(point).text}</text></g>`)}
    </svg>
    <p class="quiet small-print">${t("front_explained")}</p></figure>`;
}

/** Finds the models that no other one beats in both, by rising cost. */
function frontOf(points) {
  const best = [];
  for (const point of [...points].sort((one, other) => one.x - other.x || other.y - one.y))
    if (!best.length || point.y > best.at(-1).y) best.push(point);
  return best;
}

/** Places the labels beside their points, where no other label is yet. */
function placed(points, across, up) {
  const taken = points.map((point) => ({ left: across(point.x) - 6, right: across(point.x) + 6, top: up(point.y) - 6, bottom: up(point.y) + 6, of: point }));
  const labels = new Map();
  for (const point of points) {
    const [x, y, text] = [across(point.x), up(point.y), point.name.slice(0, 26)];
    const width = text.length * 6.6;
    const places = [
      { x: x + 9, y: y + 4, anchor: "start" }, { x: x - 9, y: y + 4, anchor: "end" },
      { x: x + 5, y: y - 10, anchor: "start" }, { x: x - 5, y: y + 17, anchor: "end" },
      { x: x + 5, y: y + 17, anchor: "start" }, { x: x - 5, y: y - 10, anchor: "end" },
      { x: x + 5, y: y - 24, anchor: "start" }, { x: x + 5, y: y + 31, anchor: "start" },
    ].map((place) => ({ ...place, text, left: place.anchor === "start" ? place.x : place.x - width, right: place.anchor === "start" ? place.x + width : place.x, top: place.y - 10, bottom: place.y + 3, of: point }));
    const inside = places.filter((place) => place.left > EDGE.left && place.right < WIDTH && place.top > 0 && place.bottom < HEIGHT - EDGE.bottom);
    const apart = (place) => taken.every((other) => other.of === point || place.right < other.left || place.left > other.right || place.bottom < other.top || place.top > other.bottom);
    const best = inside.find(apart) ?? inside[0] ?? places[0];
    taken.push(best);
    labels.set(point, best);
  }
  return labels;
}

/** Maps values to a length, with a margin; in powers of ten when they differ much. */
function scale(values, from, to, far) {
  const positive = values.filter((value) => value > 0);
  const logarithmic = far && positive.length === values.length && Math.max(...values) / Math.min(...values) > 20;
  const map = logarithmic ? Math.log10 : (value) => value;
  let [low, high] = [Math.min(...values.map(map)), Math.max(...values.map(map))];
  const margin = (high - low || Math.abs(high) || 1) * 0.08;
  if (far && !logarithmic) low = 0;
  else low -= margin;
  high += margin;
  const place = (value) => from + ((map(value) - low) / (high - low || 1)) * (to - from);
  const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => low + share * (high - low));
  return Object.assign(place, { ticks: logarithmic ? steps.map((step) => 10 ** step) : steps });
}
