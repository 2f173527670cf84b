/** Names beside the points of a chart, where neither a point nor another name is; a name without room is left out. */

const GAP = 4; // pixels between a point and its name
const HIGH = 13; // pixels of a line of text
const LONGEST = 26; // characters
const MEASURED = document.createElement("canvas").getContext("2d");

/**
 * @typedef {{x: number, y: number, name: string, strong: boolean}} Point
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box
 * @typedef {{x: number, y: number, text: string}} Label where the text begins, and its base line
 */

/**
 * Places the names of points, those that come first before others.
 * @param {Point[]} points
 * @param {Box} frame
 * @param {Box[]} lines that names run through only where there is no other room
 * @param {number} radius of a point
 * @returns {Map<Point, Label>}
 */
export function placed(points, frame, lines, radius) {
  const boxes = points.map(({ x, y }) => ({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius }));
  const labels = new Map();
  for (const point of points) {
    const text = point.name.length > LONGEST ? `${point.name.slice(0, LONGEST - 1)}…` : point.name;
    const free = around(point, widthOf(text, point.strong), radius).filter(
      (box) => box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom && boxes.every((other) => apart(box, other)) && isNearest(box, point, points),
    );
    if (!free.length) continue;
    const best = free.reduce((one, other) => (crossed(other, lines) < crossed(one, lines) ? other : one));
    boxes.push(best);
    labels.set(point, { x: best.left, y: best.bottom - 3, text });
  }
  return labels;
}

/** The places of a name around its point, the nicest first. */
function around({ x, y }, width, radius) {
  const box = (left, top) => ({ left, right: left + width, top, bottom: top + HIGH });
  const [right, left] = [x + radius + GAP, x - radius - GAP - width];
  const [above, below] = [y - radius - GAP - HIGH, y + radius + GAP];
  return [
    box(right, y - HIGH / 2), box(left, y - HIGH / 2),
    box(x + GAP, above), box(x - GAP - width, above), box(x + GAP, below), box(x - GAP - width, below),
    box(right, above), box(left, above), box(right, below), box(left, below),
  ];
}

const apart = (one, other) => one.right < other.left || one.left > other.right || one.bottom < other.top || one.top > other.bottom;

/** @param {Box} box @param {Box[]} lines */
const crossed = (box, lines) => lines.filter((line) => !apart(box, line)).length;

/** Whether nobody takes a name for another point's. @param {Box} box @param {Point} point @param {Point[]} points */
function isNearest(box, point, points) {
  const far = ({ x, y }) => Math.hypot(Math.max(box.left - x, x - box.right, 0), Math.max(box.top - y, y - box.bottom, 0));
  return points.every((other) => other === point || far(other) > far(point));
}

/** @param {string} text @param {boolean} strong */
function widthOf(text, strong) {
  MEASURED.font = `${strong ? 600 : 400} 12px ${getComputedStyle(document.body).fontFamily}`;
  return MEASURED.measureText(text).width;
}
