import { describeRow } from "../data/inspect.js";
import { otherTables, present } from "../data/world.js";
import { $, el, refill, words } from "./dom.js";

const MOST = 200;

/** Rows of a table of the world, one column for each number that the header describes. */
export function rowsTable(world, frame, path, rows) {
  const cells = rows.map((row) => describeRow(world, frame, path, row));
  const heads = (cells[0] ?? []).map(({ label }) => {
    const head = el("th", label);
    head.scope = "col";
    return head;
  });
  const lines = cells.map((line, i) => {
    const number = el("th", String(rows[i]));
    number.scope = "row";
    return el("tr", number, ...line.map(({ text }) => el("td", words(text))));
  });
  return el("table.rows", el("thead", el("tr", el("td", "row"), ...heads)), el("tbody", ...lines));
}

/** The dialog with every table that the world has beside its bodies. */
export class Tables {
  constructor() {
    this.dialog = $("tables");
    this.body = $("tables-body");
  }

  open(source, frame) {
    this.dialog.showModal();
    this.show(source, frame);
  }

  show(source, frame) {
    if (!this.dialog.open || this.frame === frame) return;
    this.frame = frame;
    const { world } = source;
    const parts = otherTables(world).map(([path, { label, rows }]) => {
      const there = Array.from({ length: rows }, (_, row) => row).filter((row) => present(frame, path, row));
      const more = there.length > MOST ? el("p.hint", `and ${there.length - MOST} more`) : null;
      return el("section", el("h3", `${label} · ${there.length} of ${rows}`), rowsTable(world, frame, path, there.slice(0, MOST)), more);
    });
    refill(this.body, ...parts);
  }
}
