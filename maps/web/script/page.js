/* The page: what happens when, and in which order. */

/** Show the state: with its figures, its outlines and its controls. */
async function show() {
  await load(series().blob);
  if (!atWorld()) await load(`${series().blob}-parts`);
  drawParts();
  selectors();
  $("back").hidden = atWorld();
  document.body.classList.toggle("embed", embedded());
  refresh();
  prepare();
}
/** Show the state, of which only the period or what colours mean has changed. */
function refresh(moving) {
  slider();
  leave();
  paint(moving);
  legend();
  strip();
  table();
  reachable();
  trace(state.region);
  card();
}

/** A map that cannot be drawn says why, instead of staying blank. */
window.AdoptionAtlas = (container, content) => start(container, content).catch(error => {
  $("astray").textContent = window.DecompressionStream ? `The map could not be drawn: ${error.message}` : "This browser cannot unpack the map (DecompressionStream). Newer ones can: Chrome 80, Firefox 113, Safari 16.4.";
  $("astray").hidden = false;
  throw error;
});
async function start(container, content) {
  map = container;
  data = content;
  ({ words } = data);
  regions = data.regions.map(row => Object.fromEntries(row.map((value, i) => [data.region_fields[i], value])));
  box = map.getContainer();
  drawWorld(opened(await unzipped("outlines")));
  box.addEventListener("keydown", pressed, true);
  // Tab leads from a region into its description, where a link may be.
  for (const part of [box, $("tip")]) part.addEventListener("focusout", ({ relatedTarget }) => $("tip").contains(relatedTarget) || leave());
  $("tip").addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && rows.has(state.region)) pathOf(state.region).focus({ preventScroll: true });
  });
  addEventListener("pointermove", moving);
  // At world size a drag scrolls the page; zoomed in, it moves the map.
  map.on("zoomend", () => {
    map.dragging[zoomed() ? "enable" : "disable"]();
    if (rows.size) resize();
  });
  new ResizeObserver(() => zoomed() ? map.invalidateSize() : home()).observe(box);
  // On paper the map has another width.
  matchMedia("print").addEventListener("change", () => atWorld() ? home() : (map.invalidateSize(), frame(state.inside)));

  const on = (kind, actions) => { for (const id in actions) $(id)[`on${kind}`] = actions[id]; };
  on("change", {
    signal: () => choose($("signal").value, series().coding),
    coding: () => choose(series().signal, $("coding").value),
    measure: () => coloured({ measure: Number($("measure").value) }),
    view: () => coloured({ view: $("view").value }),
  });
  on("input", { period: () => { stop(); moved(Number($("period").value)); }, find: suggest });
  on("click", {
    play, csv, png, back, compare, clear: deselect,
    svg: () => save("svg", pictureBlob()),
    in: () => map.zoomIn(0.7),
    out: () => map.zoomOut(0.7),
    world: () => atWorld() ? home() : frame(state.inside),
    enter: () => enter(state.region),
    theme: () => { document.documentElement.dataset.theme = getComputedStyle(document.body).colorScheme === "dark" ? "light" : "dark"; },
  });
  $("find").onkeydown = entered;
  document.addEventListener("pointerdown", event => { if (!$("search").contains(event.target)) $("found").hidden = true; });
  $("table").ontoggle = table;
  addEventListener("popstate", recall);

  await recall();
  document.body.dataset.ready = "yes";
}
