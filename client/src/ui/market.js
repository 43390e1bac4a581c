import { offersOf } from "../data/goods.js";
import { agentName } from "./badges.js";
import { $, el, field, refill } from "./dom.js";

const MOST = 120;

/** What is offered at this tick, by item with its price; a seller's name selects it. */
export class Market {
  constructor({ select }) {
    this.panel = $("market");
    this.select = select;
  }

  build(world) {
    this.panel.hidden = !world.goods?.price;
    this.frame = null;
    this.panel.replaceChildren();
  }

  show({ world }, frame) {
    if (!world.goods?.price || this.frame === frame || !this.panel.offsetParent) return;
    this.frame = frame;
    const offers = offersOf(world, frame);
    const ids = frame.body("id");
    const names = [...new Set(offers.map(({ name }) => name))];
    const lines = offers.slice(0, MOST).map(({ row, price, seller, name, level, amount }) => {
      const who = seller < world.capacity ? agentName(world, { id: ids[seller], population: frame.groups[seller] }, this.select) : "nobody";
      if (who.dataset) who.dataset.key = `offer ${row}`;
      const head = el("th", name, el("small", ` level ${level}${amount > 1 ? ` · ${amount}` : ""}`));
      head.scope = "row";
      return el("tr", head, field(`offer.${row}`, price, "td"), el("td", who));
    });
    const heads = ["item", "gold", "seller"].map((text) => {
      const head = el("th", text);
      head.scope = "col";
      return head;
    });
    const few = offers.length ? `offers: ${offers.length} · kinds: ${names.length}` : "nothing is offered at this tick";
    refill(
      this.panel,
      el("p.hint", few),
      lines.length ? el("table.rows.offers", el("thead", el("tr", ...heads)), el("tbody", ...lines)) : null,
      offers.length > MOST ? el("p.hint", `and ${offers.length - MOST} more`) : null,
    );
  }
}
