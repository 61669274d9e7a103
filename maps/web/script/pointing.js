/* Pointing, selecting, and the outline that shows where one is. */

const narrow = () => matchMedia("(max-width: 700px)").matches;
function hover(index, x, y) {
  const tip = $("tip");
  // Who points at an economy may open it next.
  loadParts();
  describe(tip, rows.get(index));
  tip.hidden = false;
  const { offsetWidth: w, offsetHeight: h } = tip;
  tip.style.left = `${Math.max(6, x + 16 + w > innerWidth ? x - w - 12 : x + 16)}px`;
  tip.style.top = `${Math.max(6, Math.min(y + 16, innerHeight - h - 6))}px`;
  trace(index);
}
function leave() {
  $("tip").hidden = true;
  trace(state.region);
}
function trace(index) {
  outline.clearLayers();
  if (index === null || !layers.has(index) || !isShown(regions[index])) return;
  const options = { ...fixed, fill: false, className: "outline" };
  (layers.get(index).setRadius ? L.circleMarker(centre(index), { ...options, radius: 8 }) : L.polygon(shapes.get(regions[index].id), options)).addTo(outline);
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
