/** Maps values to a length of a chart, with ticks at round values. */

/**
 * @param {number[]} values
 * @param {{from: number, to: number, ticks: number, zero?: boolean}} options `zero` begins at 0, or counts in powers of ten
 * when the values differ much
 * @returns {((value: number) => number) & {ticks: number[]}}
 */
export function scale(values, { from, to, ticks, zero = false }) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const logarithmic = zero && least > 0 && most / least > 20;
  const map = logarithmic ? Math.log10 : (value) => value;
  const margin = (map(most) - map(least) || Math.abs(map(most)) || 1) * 0.08;
  const [low, high] = [zero && !logarithmic ? 0 : map(least) - margin, map(most) + margin];
  const place = (value) => from + ((map(value) - low) / (high - low || 1)) * (to - from);
  return Object.assign(place, { ticks: logarithmic ? powers(low, high, ticks) : rounds(low, high, ticks) });
}

/** Round values between two, at most about so many. */
function rounds(low, high, number) {
  const rough = (high - low) / number;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, at) => (first + at) * step);
}

/** Powers of ten between two exponents; with twice and five times as much where they are few. */
function powers(low, high, number) {
  const all = [];
  for (let power = Math.floor(low); power <= high; power += 1) for (const each of [1, 2, 5]) all.push(each * 10 ** power);
  const within = all.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  const tens = within.filter((value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9);
  if (within.length <= number) return within;
  return tens.length > 1 ? tens.filter((_, at) => at % Math.ceil(tens.length / number) === 0) : [within[0], /** @type {number} */ (within.at(-1))];
}
