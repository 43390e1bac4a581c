// What bodies own, offer and are to do, and the fog, in games that have them. Pure functions.
import { fill } from "./events.js";
import { listed } from "./world.js";

const plain = (name) => name.replaceAll("_", " ");

/** The sentence of a task, `{number}` and `{first:item}` in it filled with the row's numbers. */
export function sentence(world, frame, slot) {
  const { path, asked } = world.tasks;
  const read = (name) => frame.get(`${path}.${name}`)?.[slot] ?? 0;
  const row = Object.fromEntries(["number", "first", "second", "hold"].map((name) => [name, read(name)]));
  return fill(world, asked[read("predicate")] ?? "", row);
}

/** Items of a body in the order in which it got them: [{row, type, level, amount, equipped, price}]. */
export function itemsOf(world, frame, slot) {
  const { path } = world.goods;
  const read = (name) => frame.get(`${path}.${world.goods[name] ?? name}`);
  const [alive, owner, received] = [read("alive"), read("owner"), read("received")];
  const rows = [];
  owner.forEach((of, row) => of === slot && alive[row] && rows.push(row));
  if (received) rows.sort((a, b) => received[a] - received[b]);
  const list = world.tables[path].columns[world.goods.type].list;
  return rows.map((row) => ({
    row,
    type: plain(listed(world, list, read("type")[row])),
    level: read("level")[row],
    amount: read("amount")[row],
    equipped: Boolean(read("equipped")[row]),
    price: world.goods.price ? read("price")[row] : 0,
  }));
}

/** The rows of a world's table of goods that are offered, by type and then by price. */
export function offersOf(world, frame) {
  const { path } = world.goods;
  const read = (name) => frame.get(`${path}.${world.goods[name] ?? name}`);
  const [alive, price, owner, type, level, amount] = ["alive", "price", "owner", "type", "level", "amount"].map(read);
  const list = world.tables[path].columns[world.goods.type].list;
  const offers = [];
  price.forEach((gold, row) => {
    if (!gold || !alive[row]) return;
    offers.push({ row, price: gold, seller: owner[row], name: plain(listed(world, list, type[row])), type: type[row], level: level[row], amount: amount[row] });
  });
  return offers.sort((a, b) => a.type - b.type || a.price - b.price || b.level - a.level);
}

/** How far inside the fog a tile is, tiles; 0 or less outside of it. */
export function fogAt({ height, border, fog }, tick, row, col) {
  const ring = Math.min(row, height - 1 - row, col, height - 1 - col);
  const near = (at) => Math.abs(at - height / 2) <= fog.safe;
  if (tick < fog.onset || (near(row) && near(col))) return 0;
  return border - ring + (tick - fog.onset + 1) * fog.speed;
}
