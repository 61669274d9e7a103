/* Arrow keys: the nearest region in the direction, and none left out. Enter opens, Escape and Backspace lead back. */

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const toward = (key, p, q) => (q.x - p.x) * WAYS[key][0] + (q.y - p.y) * WAYS[key][1];
let ways = null, waysOf;
function neighbours() {
  const points = new Map([...rows.keys()].map(i => [i, map.project(centre(i), atWorld() ? 4 : 8)])), first = rows.keys().next().value;
  const next = {};
  for (const key in WAYS) {
    next[key] = new Map();
    for (const [i, p] of points) {
      let best = null, least = Infinity;
      for (const [j, q] of points) {
        const along = toward(key, p, q), aside = Math.abs(q.x - p.x) + Math.abs(q.y - p.y) - along;
        if (along > 0.5 && along + 2.2 * aside < least) { least = along + 2.2 * aside; best = j; }
      }
      next[key].set(i, best);
    }
  }
  // Some regions are nobody's nearest. Each is hung in, like a link into a chain, beside the nearest
  // region within reach, so nothing is lost.
  const reach = () => {
    const seen = new Set([first]);
    for (const i of seen) for (const key in WAYS) if (next[key].get(i) !== null) seen.add(next[key].get(i));
    return seen;
  };
  for (let seen = reach(); seen.size < points.size; seen = reach()) {
    const lost = [...points.keys()].find(i => !seen.has(i)), q = points.get(lost);
    const host = [...seen].sort((a, b) => points.get(a).distanceTo(q) - points.get(b).distanceTo(q))[0], p = points.get(host);
    const key = Object.keys(WAYS).sort((a, b) => toward(b, p, q) - toward(a, p, q))[0];
    next[key].set(lost, next[key].get(host));
    next[key].set(host, lost);
  }
  return next;
}
function visit(index) {
  if (!map.getBounds().contains(centre(index))) map.panTo(centre(index), { animate: false });
  select(index, true);
  pathOf(index).focus({ preventScroll: true });
  if (narrow()) return;
  const { left, top } = box.getBoundingClientRect(), p = map.latLngToContainerPoint(centre(index));
  hover(index, left + p.x, top + p.y);
}
function pressed(event) {
  const here = state.against ?? state.region;
  if (event.key === "Escape" && !$("tip").hidden) return leave();
  if (event.key === "Escape" || event.key === "Backspace") { event.preventDefault(); return back(); }
  if (event.key === "Enter" && state.region !== null && regions[state.region].level === "country") return enter(state.region);
  if (!(event.key in WAYS) || !rows.size) return;
  event.preventDefault();
  if (waysOf !== state.inside) { ways = neighbours(); waysOf = state.inside; }
  const to = here === null || !rows.has(here) ? rows.keys().next().value : ways[event.key].get(here);
  if (to !== null) visit(to);
}
