/* The map itself: outlines, dots, fills. */

const layers = new Map(), shapes = new Map(), pathOf = index => layers.get(index).getElement();
const crosses = new Map(), idle = window.requestIdleCallback ?? (task => setTimeout(task, 100));
let renderer, fixed, painted, outline, marks, partsLayer, svg, homeZoom = 1, arcs = [], rows = new Map();

const centre = index => {
  const { lat, lng } = regions[index];
  return [lat, lng + (lng < SEAM ? 360 : 0)];
};
function drawn(index, layer, group) {
  layer.addTo(group);
  layers.set(index, layer);
  const path = pathOf(index);
  path.dataset.region = regions[index].id;
  set(path, { role: "img", tabindex: -1 });
  path.addEventListener("focus", () => index !== state.region && path.matches(":focus-visible") && visit(index));
  layer.on({
    mousemove: ({ originalEvent: { clientX, clientY } }) => narrow() || hover(index, clientX, clientY),
    mouseout: left,
    click: () => clicked(index),
  });
}
function drawWorld(packed) {
  renderer = L.svg({ padding: 0.5 });
  fixed = { renderer, interactive: false, noClip: true, smoothFactor: 0.5 };
  painted = { ...fixed, interactive: true, fillOpacity: 1 };
  const meridian = lng => Array.from({ length: 91 }, (_, i) => [2 * i - 90, lng]), graticule = [];
  for (let lng = -150; lng <= 180; lng += 30) graticule.push(meridian(lng));
  for (let lat = -60; lat <= 60; lat += 30) graticule.push([[lat, SEAM], [lat, SEAM + 360]]);
  L.polygon([...meridian(SEAM), ...meridian(SEAM + 360).reverse()], { ...fixed, className: "sea", stroke: true }).addTo(map);
  L.polyline(graticule, { ...fixed, className: "graticule" }).addTo(map);
  arcs = arcsOf(packed);
  for (const [id, parts] of shapesOf(packed)) shapes.set(id, polygonsOf(parts, arcs));
  marks = L.layerGroup().addTo(map);
  regions.forEach(({ id, level, dot }, index) => {
    if (level === "country" && !dot) drawn(index, L.polygon(shapes.get(id), { ...painted, stroke: false, className: "economy" }), map);
  });
  partsLayer = L.layerGroup().addTo(map);
  L.polyline(bordersOf(arcs), { ...fixed, className: "border" }).addTo(map);
  outline = L.layerGroup().addTo(map);
  // Dots last, economies over metro areas: Singapore is both, and both stay in reach.
  for (const level of ["metro", "country"]) regions.forEach((region, index) => {
    if (region.dot && region.level === level) drawn(index, L.circleMarker(centre(index), { ...painted, className: `dot ${level}` }), map);
  });
  svg = map.getPanes().overlayPane.firstElementChild;
  set(svg, { role: "group", "aria-label": words.map_label });
}

/** Set an attribute that may be set already: each change costs the browser more than the look. */
const put = (node, name, value) => node.getAttribute(name) === value || node.setAttribute(name, value);
/** The cross of a hidden cell, kept for when it comes again. */
function crossed(index, shown) {
  if (shown && !crosses.has(index)) crosses.set(index, L.marker(centre(index), { icon: L.divIcon({ className: "cross", iconSize: [9, 9] }), interactive: false, keyboard: false }).addTo(marks));
  if (crosses.has(index)) crosses.get(index).getElement().hidden = !shown;
}
let paintings = 0;
const nameAll = () => rows.forEach((row, index) => put(pathOf(index), "aria-label", spoken(row)));
/** Colour what is shown; hide from sight and speech what is not. While it moves, names for speech wait. */
function paint(moving) {
  const own = ++paintings;
  rows = new Map();
  box.classList.toggle("inside", !atWorld());
  for (const [index, layer] of layers) {
    const path = layer.getElement(), shown = isShown(regions[index]);
    path.classList.toggle("elsewhere", !shown);
    put(path, "aria-hidden", `${!shown}`);
    const row = shown ? rowOf(index) : null;
    crossed(index, row?.look === "suppressed");
    if (!row) continue;
    rows.set(index, row);
    put(path, "fill", fill(row));
    put(path, "data-look", row.look);
  }
  resize();
  if (moving) idle(() => own === paintings && nameAll()); else nameAll();
}
/** Dots shrink on small maps and grow when zoomed in. */
function resize() {
  const scale = Math.max(0.6, Math.min(1.6, map.getSize().x / 900)) * (1 + 0.25 * Math.min(4, map.getZoom() - homeZoom));
  for (const [index, row] of rows) {
    const layer = layers.get(index);
    if (layer.setRadius) layer.setRadius(scale * (row.look.startsWith("not_") ? 2 : regions[index].level === "metro" ? 5.2 : 3.8));
  }
}

// --- View ---
const TOP = projection.project({ lng: 0, lat: 84 }).y, BOTTOM = projection.project({ lng: 0, lat: -57 }).y;
const zoomed = () => map.getZoom() > homeZoom + 0.05;
function home() {
  map.invalidateSize();
  // A window that is not laid out yet has no size.
  if (!map.getSize().x || !map.getSize().y) return;
  const { x, y } = map.getSize(), share = (TOP - BOTTOM) / (2 * HALF_WIDTH);
  homeZoom = Math.log2(Math.min(x * 0.99, y / share) / 256);
  map.setMinZoom(homeZoom);
  map.setView(projection.unproject({ x: 0, y: (TOP + BOTTOM) / 2 }), homeZoom, { animate: false });
}
function zoomTo(index) {
  map.setView(centre(index), homeZoom + (regions[index].dot ? 3 : 1.7), { animate: false });
}
const LARGE = 0.05, HALF_WORLD = 128;
/** Fill the frame with one economy: its largest polygon, what lies near it, and what is large, but no islands oceans away. */
function frame(index) {
  const polygons = shapes.get(regions[index].id) || [];
  if (!polygons.length) return zoomTo(index);
  const boxes = polygons.map(([ring]) => L.bounds(ring.map(([lat, lng]) => map.project({ lat, lng }, 0))));
  const area = ({ min, max }) => (max.x - min.x) * (max.y - min.y), least = LARGE * boxes.reduce((sum, one) => sum + area(one), 0);
  const all = L.bounds([]), main = boxes.reduce((a, b) => area(b) > area(a) ? b : a), reach = 1.2 * main.getSize().x + 1.2 * main.getSize().y;
  for (const one of boxes) {
    const away = one.getCenter().distanceTo(main.getCenter());
    // What the edge of the map cuts off lies across the whole world.
    if (away < reach || (area(one) > least && away < HALF_WORLD)) all.extend(one.min).extend(one.max);
  }
  const size = all.getSize(), { x, y } = map.getSize();
  const zoom = Math.min(9, Math.log2(Math.min(x * 0.92 / size.x, y * 0.92 / size.y)));
  map.setView(map.unproject(all.getCenter(), 0), Math.max(homeZoom, zoom), { animate: false });
}
