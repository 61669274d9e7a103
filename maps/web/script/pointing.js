/* Pointing, selecting, and the outline that shows where one is. */

const narrow = () => matchMedia("(max-width: 700px)").matches;
/** Pixels from the description within which a pointer that comes closer is on its way to it, and how long it rests before that counts. */
const NEAR = 40, REST = 250;
let pinning, gap, from = [], coming;
const pinned = () => $("tip").classList.contains("pinned");
function hover(index, x, y) {
  const tip = $("tip");
  if (pinned() && near(x, y)) return;
  // Who points at an economy may open it next.
  loadParts();
  describe(tip, rows.get(index));
  explained(tip, rows.get(index), words.explain);
  tip.hidden = false;
  const { offsetWidth: w, offsetHeight: h } = tip;
  tip.style.left = `${Math.max(6, x + 16 + w > innerWidth ? x - w - 12 : x + 16)}px`;
  tip.style.top = `${Math.max(6, Math.min(y + 16, innerHeight - h - 6))}px`;
  trace(index);
  pin(false);
  from = [Math.floor(x), Math.floor(y)];
  gap = away(...from);
  coming = false;
  // A pointer that rests may want what the description holds: it stays, and can be reached.
  pinning = setTimeout(pin, REST, true);
}
function pin(on) {
  clearTimeout(pinning);
  $("tip").classList.toggle("pinned", on);
}
function away(x, y) {
  const { left, right, top, bottom } = $("tip").getBoundingClientRect();
  return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
}
/** Whether the pointer is on the description or comes closer to it; a place is asked about by several events. */
function near(across, down) {
  // Some of them have fractions of a pixel, some have not.
  const x = Math.floor(across), y = Math.floor(down);
  if (x !== from[0] || y !== from[1]) {
    const now = away(x, y);
    coming = now === 0 || now < NEAR && now < gap;
    gap = now;
    from = [x, y];
  }
  return coming;
}
function leave() {
  pin(false);
  $("tip").hidden = true;
  trace(state.region);
}
/** The pointer left a region: the description goes, unless it was reached or is about to be. */
function left({ originalEvent: { clientX, clientY } }) {
  if (!pinned() || !near(clientX, clientY)) leave();
}
/** Anywhere on the page, a pointer that goes elsewhere lets go of the description. */
function moving({ clientX, clientY, target }) {
  if (pinned() && !near(clientX, clientY) && !target.closest?.("[data-region]") && !$("tip").contains(document.activeElement)) leave();
}
function trace(index) {
  outline.clearLayers();
  if (index === null || !layers.has(index) || !isShown(regions[index])) return;
  const options = { ...fixed, fill: false, className: "outline" };
  (layers.get(index).setRadius ? L.circleMarker(centre(index), { ...options, radius: 8 }) : L.polyline(rimOf(shapes.get(regions[index].id)), options)).addTo(outline);
}
/** One region is in the order of the Tab key: the selected one, or the first. */
function reachable() {
  svg.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
  const index = state.region !== null && rows.has(state.region) ? state.region : rows.keys().next().value;
  if (index !== undefined) set(pathOf(index), { tabindex: 0, "aria-label": spoken(rows.get(index)) });
}
function select(index, speak) {
  if (choosing && index !== state.region) {
    state.against = index;
    choosing = false;
  } else state.region = index;
  reachable();
  trace(index);
  card();
  remember(false);
  if (speak) $("live").textContent = state.against === index ? `${spoken(rowOf(index))}. ${$("verdict").textContent}` : spoken(rowOf(index));
}
/** A click opens an economy. With a finger there is no pointing, so that the first tap describes and the second opens. */
function clicked(index) {
  const known = state.region === index, choice = choosing;
  select(index, false);
  if (!choice && (known || !narrow()) && regions[index].level === "country") enter(index);
}
function deselect() {
  Object.assign(state, { region: null, against: null });
  choosing = false;
  card();
  leave();
  remember(false);
}
