/* Search by name, other name or code; accents, case and marks do not count. */

let index = null, found = [], indexing;
const ORDER = ["country", "metro", "admin1"];
const LETTERS = { "ø": "o", "ł": "l", "ı": "i", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th" };
const folded = text => text.normalize("NFKD").toLowerCase().replace(/[øłıđßæœðþ]/g, sign => LETTERS[sign]).replace(/[^\p{L}\p{N}]+/gu, "");
const names = () => indexing ||= readNames();
async function readNames() {
  await loadParts();
  const others = JSON.parse(asText(await unzipped("names")));
  index = regions.flatMap(({ id, name, level }, i) => ["world", "subregion"].includes(level) ? [] : [name, id, ...(others[i] || [])].map(known => [folded(known), i, known]));
}
/** Regions whose names match: the same first, then those that begin so, then those that contain it. */
function matches(text) {
  const wanted = folded(text);
  if (!wanted) return [];
  const rank = known => known === wanted ? 0 : known.startsWith(wanted) ? 1 : wanted.length > 2 && known.includes(wanted) ? 2 : 3;
  const best = new Map();
  for (const [known, i, as] of index) {
    const one = rank(known);
    if (one < 3 && one < (best.get(i)?.[0] ?? 3)) best.set(i, [one, as]);
  }
  return [...best].sort(([i, [a]], [j, [b]]) => a - b || ORDER.indexOf(regions[i].level) - ORDER.indexOf(regions[j].level) || regions[i].name.localeCompare(regions[j].name, "en"));
}
async function suggest() {
  await names();
  const text = $("find").value;
  found = matches(text).slice(0, 8);
  $("found").hidden = !text.trim();
  $("found").replaceChildren(...found.map(([i, [, as]]) => {
    const { name, level, parent } = regions[i], item = element("li"), button = element("button");
    button.type = "button";
    const place = level === "country" ? "" : ` – ${words.level[level]}, ${regions[indexOf(parent)].name}`;
    button.append(element("bdi", name), element("span", `${place}${folded(as) === folded(name) || as === regions[i].id ? "" : ` (${as})`}`, "muted"));
    button.onclick = () => go(i);
    item.append(button);
    return item;
  }), ...(found.length ? [] : [element("li", "No region of that name.", "muted")]));
  $("live").textContent = !text.trim() ? "" : found.length ? `${found.length} found; the first is ${regions[found[0][0]].name}. Enter takes it.` : "No region of that name.";
}
async function go(i) {
  const region = regions[i], home = indexOf(region.parent);
  $("found").hidden = true;
  $("find").value = "";
  if (region.level === "admin1" && state.inside !== home && !choosing) await enter(home);
  else if (!atWorld() && !isShown(region) && !choosing) await back();
  select(i, true);
  if (atWorld()) zoomTo(i);
}
async function entered(event) {
  if (event.key === "Escape") $("found").hidden = true;
  if (event.key !== "Enter") return;
  await suggest();
  if (found.length) go(found[0][0]);
}
