// What the panel tells of those who are not alive at this tick, and of tiles.
import { livingSlots, materialAt, ripeAt } from "../data/world.js";
import { agentName, badge } from "./badges.js";
import { button, el, field, words } from "./dom.js";

const STEPS = ["north", "south", "east", "west"];

function heading(world, { id, population }, subtitle, close) {
  const cross = button("×", close, "close");
  cross.className = "close";
  cross.ariaLabel = "Deselect";
  const mark = population === undefined ? null : badge(world, population, 32);
  return el("header.identity", mark, el("div", field("id", id, "h2", "Agent #"), el("p", subtitle)), cross);
}

/** A jump to a tick, which a live world may have forgotten. */
function jump(source, text, tick, actions, key) {
  const made = button(`${text} ${tick}`, () => actions.seek(tick), key);
  made.disabled = tick < source.tickAt(0) || tick > source.tickAt(source.length - 1);
  if (made.disabled) made.title = "This tick is no longer kept";
  return made;
}

/** How a life ended, and what it came to. */
export function deathCard(source, death, actions) {
  const { world, story } = source;
  const { id, tick, killers, cause, lifetime, life } = death;
  const birth = story.birthOf(id, tick - 1);
  const fight = killers.length ? story.fightBefore(id, tick) : tick;
  const last = killers.map((killer, i) => {
    const name = agentName(world, killer, actions.select);
    name.dataset.key = `killer ${i}`;
    name.dataset.killer = killer.id;
    return el("li", name, ` ${killer.style}${killer.damage ? `, ${killer.damage} damage` : ""}`);
  });
  const numbers = life.filter(({ group }) => !group).map(({ name, label, value }) => el("div", el("dt", label), field(`life.${name}`, value, "dd")));
  const groups = [...new Set(life.map(({ group }) => group).filter(Boolean))];
  return [
    heading(world, death, el("span.dead", "died at tick ", field("death.tick", tick)), () => actions.select(null)),
    el("p.cause", "Cause: ", field("death.cause", words(cause), "b"), " · age ", field("death.lifetime", lifetime), " · ", field("death.kills", story.killsOf(id, tick, true).length), " kills"),
    last.length ? el("section", el("h3", "Killed by"), el("ol.killers", ...last)) : null,
    el(
      "div.jumps",
      jump(source, killers.length ? "The fight" : "The end", killers.length ? fight : tick - 1, actions, "fight"),
      jump(source, "Death", tick, actions, "death"),
      birth ? jump(source, "Birth", birth.tick, actions, "birth") : null,
      killers.length ? button(`To killer #${killers[0].id}`, () => actions.follow(killers[0].id), "to killer") : null,
    ),
    el("section", el("h3", "What the life came to"), el("dl.grid", ...numbers)),
    ...groups.map((group) =>
      el(
        "section",
        el("h3", group),
        el("dl.grid", ...life.filter((part) => part.group === group).map(({ name, label, value }) => el("div", el("dt", words(label)), field(`life.${name}.${label}`, value, "dd")))),
      ),
    ),
  ];
}

/** Somebody who is not there at this tick, and did not die before it as far as is known. */
export function unknownCard(source, frame, id, actions) {
  const birth = source.story.birthOf(id, frame.tick);
  if (birth && birth.tick > frame.tick) {
    return [
      heading(source.world, birth, "is not born yet at this tick", () => actions.select(null)),
      el("div.jumps", jump(source, "Birth", birth.tick, actions, "birth")),
    ];
  }
  return [
    heading(source.world, { id }, "is not alive at this tick", () => actions.select(null)),
    el("p.hint", "Nothing is known of its end: it lies outside the ticks seen."),
  ];
}

/** What is known of a tile. */
export function tileCard(source, frame, tile, actions) {
  const { world, story, tally } = source;
  const [row, col] = [Math.floor(tile / world.width), tile % world.width];
  const bits = frame.get(world.tilePath)[tile];
  const look = world.materials[materialAt(world, frame, tile)];
  const own = world.materials[world.kindOf(bits)];
  const ripe = ripeAt(world, frame, tile);
  const open = STEPS.filter((_, i) => (world.steps(bits) >> i) & 1);
  const close = button("×", () => actions.selectTile(null), "close");
  close.className = "close";
  close.ariaLabel = "Deselect";
  const swatch = el("i.swatch");
  swatch.style.background = look.color;
  const fact = (label, name, value) => el("div", el("dt", label), field(name, value, "dd"));
  const here = livingSlots(frame).filter((slot) => frame.body("row")[slot] === row && frame.body("col")[slot] === col);
  const name = (who, key) => {
    const made = agentName(world, who, actions.select);
    made.dataset.key = key;
    return made;
  };
  const visitors = story.visitors(tile, frame.tick);
  return [
    el("header.identity", swatch, el("div", field("tile.material", words(look.name), "h2"), el("p", `row ${row}, column ${col}`)), close),
    el(
      "dl.grid",
      own !== look ? fact("is", "tile.own", words(own.name)) : null,
      ripe > frame.tick ? fact("regrows at", "tile.ripe_at", ripe) : null,
      ripe > frame.tick ? fact("in ticks", "tile.ripe_in", ripe - frame.tick) : null,
      fact("beside water", "tile.water", world.nearWater(bits) ? "yes" : "no"),
      fact("agent-ticks", "tile.visits", tally.visits[tile]),
    ),
    el("p.hint", open.length ? `One may step ${open.join(", ")}.` : "No step leads away from here."),
    here.length
      ? el("section", el("h3", "Here now"), el("div.jumps", ...here.map((slot) => name({ id: frame.body("id")[slot], population: frame.groups[slot] }, `here ${slot}`))))
      : null,
    el(
      "section",
      el("h3", "Who stood here"),
      visitors.length
        ? el("ol.visitors", ...visitors.map((who, i) => el("li", name(who, `stood ${i}`), jump(source, "tick", who.tick, actions, `visit ${i}`))))
        : el("p.hint", "Nobody in the ticks seen."),
    ),
  ];
}
