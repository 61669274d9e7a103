/* Captions and legend of what is shown, counted from the rows that are painted (as maps/cells.py counts them). */

const upper = text => text.slice(0, 1).toUpperCase() + text.slice(1);
const levelShown = () => atWorld() ? "country" : "admin1";
const plural = n => n === 1 && levelShown() === "admin1" ? words.level.admin1 : words.plural[levelShown()];
/** Rows of a level, drawn or not; what is counted are economies, or subdivisions. */
const rowsAt = level => shownRegions().filter(i => regions[i].level === level).map(i => rows.get(i) || rowOf(i));
const counted = () => rowsAt(levelShown());
const metros = () => rowsAt("metro").filter(row => row.cn_share !== null);
const wholes = () => where(({ level }) => LEVELS[level] < 2);

function title() {
  const { stamp, title } = captions(), heading = state.view === "evidence" ? "How it is known" : measure().heading;
  return [stamp, heading, title, atWorld() ? "" : `${regions[state.inside].name}, by subdivision`].filter(Boolean).join(": ");
}
/** Signal, period, n, coverage and evidence in one line. */
function subtitle() {
  const one = series(), valued = counted().filter(row => row.cn_share !== null), whole = rowOf(state.inside ?? indexOf("world"));
  const wide = wholes().map(i => rowOf(i));
  const base = whole.n !== null ? [whole] : valued, numbers = base.map(row => row.n).filter(n => n !== null);
  const people = base.some(row => row.counted === "downloaders") ? "downloaders" : captions().unit;
  const kinds = new Set([...(atWorld() ? wide : [whole]), ...valued].filter(row => row.cn_share !== null).map(row => row.evidence));
  const evidence = Object.keys(words.evidence).filter(kind => kinds.has(kind)).map(kind => words.evidence[kind]);
  const areas = metros(), modelled = areas.filter(row => row.evidence === "modelled").length;
  return unbroken([
    upper(one.period_words[state.t]),
    numbers.length ? `n = ${count(numbers.reduce((sum, n) => sum + n, 0))} ${people}` : "n: none counted",
    `${valued.length} ${plural(valued.length)} with a share`,
    whole.n !== null && whole.coverage !== null ? `coverage ${percent(whole.coverage)}` : "coverage not known",
    evidence.length ? `evidence: ${listing(evidence)}` : "evidence: none",
    !areas.length ? "" : modelled === areas.length ? "metro areas modelled" : `${areas.length} metro area${areas.length > 1 ? "s" : ""} with a share${modelled ? `, ${modelled} of them modelled` : ""}`,
    `origin: ${words.coding[one.coding]}`,
  ].filter(Boolean).join(" · "));
}
function notice(valued) {
  if (atWorld()) return series().notices[series().periods[state.t]] || "";
  return valued ? "" : `${words.no_subdivision} ${words.not_painted}`;
}
function legend() {
  const all = counted(), of = look => all.filter(row => row.look === look).length, valued = all.filter(row => row.cn_share !== null);
  const found = { metro: metros().length, without_measure: of("without_measure") };
  for (const look of ["small", "modelled", "suppressed", "not_observable", "not_observed"]) found[look] = of(look);
  for (let i = 0; i < 7; i++) found[`class-${i}`] = all.filter(row => row.class === i).length;
  for (const kind in words.evidence) found[`evidence-${kind}`] = valued.filter(row => row.evidence === kind).length;
  const { ramp, labels, scale, ends } = measure();
  document.body.classList.toggle("by-evidence", state.view === "evidence");
  document.body.classList.toggle("sequential", ramp === "sequential");
  for (const item of document.querySelectorAll("#legend [data-key]")) {
    const key = item.dataset.key, index = key.startsWith("class-") ? Number(key.slice(6)) : -1;
    item.lastElementChild.textContent = found[key];
    if (key === "without_measure") item.hidden = !found[key] || state.view === "evidence";
    if (index < 0) continue;
    item.children[1].textContent = labels[index];
    item.querySelectorAll("rect").forEach((rect, level) => rect.setAttribute("fill", data.ramps[ramp][2 - level][index]));
  }
  for (const item of document.querySelectorAll("#looks [data-texture]")) {
    item.querySelector(".edge, .dot").setAttribute("fill", `url(#${item.dataset.texture}-${ramp === "diverging" ? "" : `${ramp}-`}5)`);
  }
  $("measure-words").textContent = scale;
  [$("low-end").textContent, $("high-end").textContent] = ends;
  const few = found.small ? ` (of these ${found.small} with fewer than ${data.small_n} ${captions().unit})` : "";
  const where = atWorld() ? "" : ` of ${regions[state.inside].name}`, divided = atWorld() ? "" : data.divided[regions[state.inside].id];
  const whole = divided && all.every(row => parts.has(regions[row.region].id)), kind = whole ? `outline${all.length === 1 ? "" : "s"}` : plural(all.length);
  const undrawn = shownRegions().filter(i => !layers.has(i)).length;
  $("tally").textContent = `${all.length} ${kind}${where}${divided ? `, ${whole ? "" : "outlines "}${divided}` : ""}: ${listing([
    `${valued.length} with a share${few}`, `${found.suppressed} hidden`, `${found.not_observable} that no source can tell`, `${found.not_observed} without data in this run`,
  ])}.${undrawn ? ` ${undrawn} without an outline stand in the table only.` : ""}`;
  $("title").textContent = document.title = title();
  $("subtitle").textContent = subtitle();
  $("notice").textContent = notice(valued.length);
  $("notice").hidden = !$("notice").textContent;
  $("about").textContent = captions().note;
  $("credit").textContent = captions().credit;
}

/** World and subregions, or what lies around the open economy: dot plot with intervals. */
function strip() {
  const wide = atWorld() ? wholes()
    : [indexOf("world"), indexOf(regions[state.inside].parent), state.inside].filter((i, at, all) => i !== null && all.indexOf(i) === at);
  const known = ordered(wide.map(i => rowOf(i))).filter(row => row.cn_share !== null);
  $("strip").replaceChildren(...known.map(row => {
    const item = element("li", "", regions[row.region].level);
    const plot = drawing("svg", { height: 14, class: "plot", "aria-hidden": "true" });
    const stroke = (from, to, name) => plot.append(drawing("line", { x1: `${100 * from}%`, x2: `${100 * to}%`, y1: 7, y2: 7, class: name }));
    stroke(0, 1, "track");
    plot.append(drawing("line", { x1: "50%", x2: "50%", y1: 0, y2: 14, class: "half" }));
    if (row.bound_low !== null) stroke(row.bound_low, row.bound_high, "bounds");
    if (row.cn_share_low !== null) stroke(row.cn_share_low, row.cn_share_high, row.evidence === "modelled" ? "interval modelled" : "interval");
    const colour = state.view === "evidence" ? data.evidence[row.evidence] : data.ramps.diverging[2][data.measures[0].breaks.filter(edge => row.cn_share >= edge).length];
    plot.append(drawing("circle", { cx: `${100 * row.cn_share}%`, cy: 7, r: 4.5, fill: colour, class: "edge" }));
    item.append(named("span", row), plot, element("b", percent(row.cn_share)));
    item.title = spoken(row);
    return item;
  }));
  $("around").textContent = atWorld() ? "World and subregions" : `Around ${regions[state.inside].name}`;
  $("aside").hidden = !known.length;
  document.body.classList.toggle("no-strip", !known.length);
}
