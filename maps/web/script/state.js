/* What is shown, and the address that says so: everything that a link must bring back stands in its hash. */

let map, data, regions, words, box;
/** Index of the series, of its period and of the measure; what colours mean; selected region; economy that is open. */
const state = { series: 0, t: 0, measure: 0, view: "measure", region: null, inside: null, against: null };
const loaded = new Map();

const series = () => data.series[state.series];
const captions = () => data.signals[series().signal];
const measure = () => ({ ...data.measures[state.measure], ...captions().classes[data.measures[state.measure].column] });
const atWorld = () => state.inside === null;
/** Indices of the regions that meet a condition. */
const where = meets => [...regions.keys()].filter(i => meets(regions[i], i));
const indexOf = id => where(region => region.id === id)[0] ?? null;

/** Columns of the shown series: of the world, or of the subdivisions. */
const figures = (within = false) => loaded.get(series().blob + (within ? "-parts" : ""));
async function load(blob) {
  if (blob && $(blob) && !loaded.has(blob)) loaded.set(blob, figuresOf(opened(await unzipped(blob))));
}

/** A region's row in a period; no row means not observed. */
function rowOf(region, t = state.t) {
  const part = figures(regions[region].level === "admin1"), slot = part?.slots.get(region), row = { region };
  const at = slot === undefined ? -1 : slot * part.periods + t;
  for (const name of data.fields) {
    const value = at < 0 || !part.column[name] ? NaN : part.column[name][at];
    row[name] = Number.isNaN(value) ? null : part.texts[name] ? part.texts[name][value] : value;
  }
  if (row.state === null) Object.assign(row, { state: "not_observed", reason: words.no_row, absent: true });
  const { column, breaks } = measure(), few = ["people", "organisations", "downloaders"].includes(row.counted) && row.n !== null && row.n < data.small_n;
  row.value = row[column];
  row.class = row.value === null ? null : breaks.filter(edge => row.value >= edge).length;
  // The state decides first, then evidence, then n (maps/cells.py).
  row.look = row.cn_share === null ? row.state : row.evidence === "modelled" ? "modelled" : few ? "small" : "plain";
  if (row.cn_share !== null && row.class === null && state.view === "measure") row.look = "without_measure";
  row.strength = row.n === null ? 0 : data.strength_breaks.filter(edge => row.n >= edge).length;
  return row;
}
/** Fill of a row: by look, by evidence, or by class and by how many it rests on. */
function fill(row) {
  if (data.fills[row.look]) return data.fills[row.look];
  if (state.view === "evidence") return data.evidence[row.evidence];
  const { ramp } = measure(), prefix = ramp === "diverging" ? "" : `${ramp}-`;
  const texture = { small: "hatch", modelled: "modelled" }[row.look];
  return texture ? `url(#${texture}-${prefix}${row.class})` : data.ramps[ramp][row.strength][row.class];
}

/** Regions that the map colours: of the world economies and metro areas, else the parts and metro areas of one. */
const isShown = ({ level, parent }) => atWorld() ? level === "country" || level === "metro"
  : (level === "admin1" || level === "metro") && parent === regions[state.inside].id;
const shownRegions = () => where(isShown);

const embedded = () => /(^#|&)embed(&|=|$)/.test(location.hash);
function hash() {
  const one = series(), id = index => regions[index].id;
  const parts = { signal: one.signal, coding: one.coding, period: one.periods[state.t] };
  if (state.measure) parts.measure = measure().column;
  if (state.view !== "measure") parts.view = state.view;
  if (!atWorld()) parts.in = id(state.inside);
  if (state.region !== null) parts.region = id(state.region);
  if (state.against !== null) parts.compare = id(state.against);
  return `#${embedded() ? "embed&" : ""}${new URLSearchParams(parts).toString().replaceAll("%3A", ":")}`;
}
/** Put the state into the address: as a new step for the back button, or in place of the last one, at once or when it rests. */
let resting;
function remember(step, late) {
  clearTimeout(resting);
  if (late) resting = setTimeout(remember, 150, step);
  if (late || hash() === location.hash) return;
  // Within a frame without an origin of its own, there is no history.
  try { history[step ? "pushState" : "replaceState"](null, "", hash()); } catch { return; }
}
/** Id of a region; of a subdivision that is not drawn, of the outline that holds it. */
async function outlined(id) {
  if (!id || !/^..-/.test(id)) return id;
  await names();
  return indexOf(id) === null ? regions[index.find(([, , known]) => known === id)?.[1]]?.id ?? id : id;
}
/** Take the state from the address; what it names and the page does not have is said, not guessed. */
async function recall() {
  const wanted = new URLSearchParams(location.hash.slice(1)), unknown = [];
  const pick = (key, found) => { if (wanted.has(key) && (found === null || found < 0)) unknown.push(`${key} ${wanted.get(key)}`); return found; };
  const signal = wanted.get("signal") ?? data.first.signal, coding = wanted.get("coding") ?? data.first.coding;
  let own = data.series.filter(one => one.signal === signal);
  if (!own.length) { unknown.push(`signal ${signal}`); own = data.series.filter(one => one.signal === data.first.signal); }
  const one = own.find(each => each.coding === coding) ?? own[0];
  if (wanted.has("coding") && one.coding !== coding) unknown.push(`coding ${coding}`);
  state.series = data.series.indexOf(one);
  const place = one.periods.indexOf(wanted.get("period") ?? (wanted.has("signal") ? "" : data.first.period));
  state.t = pick("period", place) < 0 ? one.periods.length - 1 : place;
  state.measure = Math.max(0, pick("measure", data.measures.findIndex(each => each.column === (wanted.get("measure") ?? "cn_share"))));
  state.view = wanted.get("view") === "evidence" ? "evidence" : "measure";
  const inside = wanted.get("in"), [region, against] = await Promise.all([wanted.get("region"), wanted.get("compare")].map(outlined));
  if ([inside, region, against].some(id => id && (id === inside || /^..-/.test(id)))) await loadParts();
  await load(one.blob);
  const economy = pick("in", indexOf(inside)), bare = economy !== null && !(parts && drawable(economy).length);
  // What has no subdivisions is shown on the world map.
  state.inside = bare ? null : economy;
  state.region = pick("region", indexOf(region));
  state.against = pick("compare", indexOf(against));
  await arrive();
  if (bare) zoomTo(economy);
  $("live").textContent = unknown.length ? `The address names what this map does not have: ${unknown.join(", ")}.` : "";
  $("astray").textContent = $("live").textContent;
  $("astray").hidden = !unknown.length;
}
