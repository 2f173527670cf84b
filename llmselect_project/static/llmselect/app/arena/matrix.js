/** Who won how often against whom. */
import { modelOf } from "../data/registry.js";
import { shortModel } from "../lib/format.js";
import { html } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { showSources } from "./sources.js";

const SHOWN = 12; // models

const keyOf = (each) => `${each.provider}\n${each.model}`;

/** @param {{pairs: any[], standings: import("./screen.js").Standing[]}} props */
export function Matrix({ pairs, standings }) {
  const cells = new Map(pairs.map((pair) => [`${keyOf(pair)}\n\n${keyOf(pair.against)}`, pair]));
  const models = standings.slice(0, SHOWN);
  const name = (each) => modelOf(each)?.name ?? shortModel(each.model);
  return html`<section class="panel" aria-label=${t("win_matrix")}>
    <h2>${t("win_matrix")}</h2><p class="quiet small-print">${t("win_matrix_explained")}</p>
    <div class="table-box" tabindex="0" role="group" aria-label=${t("win_matrix")}><table class="table matrix">
      <thead><tr><td></td>${models.map((each, at) => html`<th scope="col" title=${name(each)}>${at + 1}</th>`)}</tr></thead>
      <tbody>${models.map((row, at) => html`<tr><th scope="row"><span class="quiet">${at + 1}</span> ${name(row)}</th>
        ${models.map((column) => html`<${Cell} pair=${cells.get(`${keyOf(row)}\n\n${keyOf(column)}`)} row=${row} column=${column} name=${name} />`)}</tr>`)}</tbody>
    </table></div>
  </section>`;
}

function Cell({ pair, row, column, name }) {
  if (keyOf(row) === keyOf(column)) return html`<td class="cell same"></td>`;
  if (!pair) return html`<td class="cell quiet">·</td>`;
  const total = pair.wins + pair.losses + pair.ties;
  const share = (pair.wins + pair.ties / 2) / total;
  const strength = Math.round(Math.abs(share - 0.5) * 110);
  const ground = `color-mix(in oklab, var(${share >= 0.5 ? "--good-soft" : "--bad-soft"}) ${strength + 45}%, var(--raised))`;
  const words = t("matrix_cell", { one: name(row), other: name(column), wins: pair.wins, losses: pair.losses, ties: pair.ties });
  return html`<td class="cell" style=${{ background: ground }}>
    <button type="button" title=${words} onClick=${() => showSources([row, column])}>${Math.round(share * 100)}<small>${total}</small><span class="unseen"> ${words}</span></button></td>`;
}
