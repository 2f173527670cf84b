/** What each day cost, as bars. */
import { count, money } from "../lib/format.js";
import { html } from "../lib/ui.js";
import { language, t } from "../lib/words.js";

const WIDTH = 720;
const HEIGHT = 160;
const dayOf = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });

/** @param {{report: {from: string, to: string, results: any[]}}} props */
export function Days({ report }) {
  const found = new Map(report.results.map((row) => [row.day, row]));
  const days = [];
  for (let time = Date.parse(report.from); time <= Date.parse(report.to); time += 86_400_000) days.push(new Date(time).toISOString().slice(0, 10));
  const largest = Math.max(...report.results.map((row) => Number(row.cost)), 0);
  // Where nothing costs anything, requests are drawn.
  const value = (row) => (row ? (largest ? Number(row.cost) : row.requests) : 0);
  const top = Math.max(...days.map((day) => value(found.get(day))), 0);
  if (!top) return null;
  const step = WIDTH / days.length;
  const words = (day) => {
    const row = found.get(day);
    return `${dayOf.format(new Date(day))}: ${money(row?.cost ?? 0)}, ${t("requests_count", { count: row?.requests ?? 0 })}`;
  };
  return html`<figure class="panel days"><figcaption><span>${t(largest ? "cost_by_day" : "requests_by_day")}</span> <span class="quiet">${t("highest", { value: largest ? money(top) : count(top) })}</span></figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${days.filter((day) => found.has(day)).map(words).join("; ")}>
      ${days.map((day, at) => html`<g key=${day}><title>${words(day)}</title><rect class="ground" x=${at * step} y="0" width=${step} height=${HEIGHT} />
        <rect class="day" x=${at * step + step * 0.12} width=${step * 0.76} y=${HEIGHT - (value(found.get(day)) / top) * (HEIGHT - 6)} height=${(value(found.get(day)) / top) * (HEIGHT - 6)} /></g>`)}
    </svg>
    <div class="axis quiet"><span>${dayOf.format(new Date(report.from))}</span><span>${dayOf.format(new Date(report.to))}</span></div></figure>`;
}
