// What a body has and is to do, in games that have items and tasks.
import { itemsOf, sentence } from "../data/goods.js";
import { numbers } from "../data/world.js";
import { el, field } from "./dom.js";

/** The task of a player and how far it has come. */
export function taskCard(world, frame, slot) {
  if (!world.tasks || slot >= world.players) return null;
  const progress = world.header.names.get(world.tasks.progress);
  const share = progress ? numbers(frame, progress)[slot] : 0;
  const done = frame.get(world.tasks.done)?.[slot];
  const bar = el("span.fill");
  bar.style.width = `${100 * Math.max(0, Math.min(1, share))}%`;
  const far = el("span.number", field("task.progress", done ? "done" : `${Math.floor(100 * share)}%`));
  return el("section", el("h3", "Task"), field("task", sentence(world, frame, slot), "p"), el("div.resource.task", el("span.track", bar), far));
}

/** What a body owns: gold, and its items with what it wears marked. */
export function inventory(world, frame, slot) {
  if (!world.goods) return null;
  const items = itemsOf(world, frame, slot);
  if (slot >= world.players && !items.length && !frame.body(world.goods.worth)[slot]) return null;
  const gold = frame.body(world.goods.worth)[slot];
  const tiles = items.map(({ row, type, level, amount, equipped, price }) => {
    const tile = el(
      `li.item${equipped ? ".worn" : ""}`,
      field(`item.${row}`, type),
      el("small", `level ${level}${amount > 1 ? ` · ${amount}` : ""}${equipped ? " · worn" : ""}${price ? ` · for ${price}` : ""}`),
    );
    return tile;
  });
  const count = field("items", items.length);
  return el(
    "section",
    el("h3", "Inventory · ", count, items.length === 1 ? " item · " : " items · ", field("purse", gold), " gold"),
    tiles.length ? el("ul.items", ...tiles) : null,
  );
}
