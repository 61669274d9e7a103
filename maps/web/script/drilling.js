/* From the world into an economy's subdivisions and back. They are decoded when first needed. */

let parts = null, drawnOf = null, partsLoading;
const loadParts = () => partsLoading ||= $("parts") ? readParts() : Promise.resolve();
async function readParts() {
  const packed = opened(await unzipped("parts")), all = [...arcs, ...arcsOf(packed)];
  parts = new Map(shapesOf(packed).map(([id, lines]) => [id, () => polygonsOf(lines, all)]));
  idsOf(packed).forEach((id, slot) => {
    const [lat = null, lng = null, note] = packed.further[slot] || [];
    regions.push({ id, name: packed.names[slot], level: "admin1", parent: id.split("-")[0], lat, lng, note });
  });
}
/** Decode in idle time what the next click on an economy needs. */
const prepare = () => idle(async () => {
  const { blob } = series();
  await loadParts();
  await load(`${blob}-parts`);
});
/** Set the view, then draw: what is drawn first would be projected twice. */
async function arrive() {
  const fit = () => atWorld() ? home() : frame(state.inside);
  fit();
  const size = map.getSize();
  await show();
  // Captions may have changed the room that is left for the map.
  if (!map.invalidateSize().getSize().equals(size)) fit();
}
/** Centroid of the largest ring, where the cross of a hidden cell and the arrow keys find it. */
function anchor(polygons) {
  let best = [0, 0, 0];
  for (const [ring] of polygons) {
    let area = 0, lat = 0, lng = 0;
    ring.forEach(([y, x], i) => {
      const [v, u] = ring[(i + 1) % ring.length], cross = x * v - u * y;
      area += cross; lat += (y + v) * cross; lng += (x + u) * cross;
    });
    if (Math.abs(area) > Math.abs(best[0])) best = [area, lat / (3 * area), lng / (3 * area)];
  }
  return best.slice(1);
}
/** Subdivisions of an economy that can be drawn: with an outline, or as a dot within another's. */
const drawable = index => where(({ id, level, parent, lat }) => level === "admin1" && parent === regions[index].id && (parts.has(id) || lat !== null));
function drawParts() {
  if (drawnOf === state.inside) return;
  partsLayer.clearLayers();
  for (const index of [...layers.keys()]) if (regions[index].level === "admin1") {
    layers.delete(index);
    if (crosses.has(index)) marks.removeLayer(crosses.get(index));
    crosses.delete(index);
  }
  drawnOf = state.inside;
  if (drawnOf === null) return;
  for (const index of drawable(drawnOf)) {
    const region = regions[index];
    if (!parts.has(region.id)) {
      drawn(index, L.circleMarker(centre(index), { ...painted, className: "dot admin1" }), partsLayer);
      continue;
    }
    if (!shapes.has(region.id)) {
      shapes.set(region.id, parts.get(region.id)());
      [region.lat, region.lng] = anchor(shapes.get(region.id));
    }
    drawn(index, L.polygon(shapes.get(region.id), { ...painted, className: "part" }), partsLayer);
  }
  L.polyline(rimOf(shapes.get(regions[drawnOf].id) || []), { ...fixed, className: "rim" }).addTo(partsLayer);
  for (const [index, layer] of layers) if (layer.setRadius && isShown(regions[index])) layer.bringToFront();
}
async function enter(index) {
  await loadParts();
  if (!parts || !drawable(index).length) {
    frame(index);
    $("live").textContent = words.no_outlines;
    return;
  }
  Object.assign(state, { inside: index, region: index, against: null });
  remember(true);
  await arrive();
  $("live").textContent = `${title()}. ${$("notice").textContent} ${$("tally").textContent}`;
  if (box.contains(document.activeElement) || document.activeElement === $("enter")) svg.querySelector('[tabindex="0"]')?.focus({ preventScroll: true });
}
async function back() {
  if (atWorld()) return home();
  const from = state.inside;
  Object.assign(state, { inside: null, region: from, against: null });
  remember(true);
  await arrive();
  $("live").textContent = title();
  if (layers.has(from) && (box.contains(document.activeElement) || document.activeElement === document.body)) pathOf(from).focus({ preventScroll: true });
}
