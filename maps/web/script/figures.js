/* Figures in words: the same sentences for tooltip, card, comparison and screen reader. */

const $ = id => document.getElementById(id);
const element = (tag, text = "", className = "") => Object.assign(document.createElement(tag), { textContent: text, className });
const NS = "http://www.w3.org/2000/svg";
const set = (node, attributes) => {
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  return node;
};
const drawing = (tag, attributes, text = "") => {
  const node = set(document.createElementNS(NS, tag), attributes);
  node.textContent = text;
  return node;
};

/** The number before the sign of a per cent, by the rule of maps/words.py: a half goes up. */
function perCent(share) {
  const points = Math.round(share * 1e4), edge = (points > 0 && points < 100) || (points > 9900 && points < 1e4);
  return edge ? (Math.min(999, Math.max(1, Math.floor((points + 5) / 10))) / 10).toFixed(1) : `${Math.floor((points + 50) / 100)}`;
}
const percent = share => share === null ? "–" : `${perCent(share)} %`;
/** The rest of a share that is printed beside it: the two make 100. */
const percentRest = share => {
  const said = perCent(share);
  return `${(100 - said).toFixed(said.includes(".") ? 1 : 0)} %`;
};
const span = (low, high) => low === null || high === null ? "–" : `${percent(low).slice(0, -2)}–${percent(high)}`;
const unbroken = text => text.replace(/ %/g, "\u00a0%");
const digits = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const count = n => n === null ? "–" : digits.format(n);
const signed = points => `${points >= 0.05 ? "+" : points <= -0.05 ? "−" : ""}${Math.abs(points).toFixed(1)}`;
const listing = parts => parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
/** A figure of a measure in its unit. */
const inUnit = (value, { unit }) => value === null ? "–" : {
  share: () => percent(value),
  ratio: () => `${value.toFixed(2)} ×`,
  rate: () => value < 10 ? value.toPrecision(2) : count(value),
  points: () => `${signed(value)} points`,
}[unit]();
const interval = (row, { interval: [low, high], unit }) => !low || row[low] === null || row[high] === null ? "–"
  : unit === "share" ? span(row[low], row[high]) : `${signed(row[low])} to ${signed(row[high])}`;

/** What is known of a row, as lines of kind and text. */
function sentences(row) {
  const { unit } = captions(), shown = measure(), lines = [];
  const say = (text, kind = "") => lines.push([kind, text]);
  if (row.cn_share !== null) {
    if (shown.column !== "cn_share") {
      say(`${shown.label}: ${row.value === null ? "none" : inUnit(row.value, shown)}`, "shown");
      if (interval(row, shown) !== "–") say(`95 % interval: ${interval(row, shown)}`);
    }
    lines.push(["share", `Chinese ${percent(row.cn_share)}`, `US ${percentRest(row.cn_share)}`]);
    if (row.cn_share_low !== null) say(`95 % interval: ${span(row.cn_share_low, row.cn_share_high)} Chinese`);
  }
  if (row.state !== "value") say(words.state[row.state], "care");
  if (row.n !== null) {
    const parts = Object.entries({ n_cn: "Chinese", n_us: "US", n_both: "both", n_other: "other", n_unknown: "unknown origin" })
      .filter(([name]) => row[name] !== null).map(([name, word]) => `${count(row[name])} ${word}`);
    say(`n = ${count(row.n)} ${row.counted === "downloaders" ? row.counted : unit}${parts.length ? `: ${parts.join(", ")}` : ""}`);
  }
  if (row.bound_low !== null) say(`Worst-case bounds: ${span(row.bound_low, row.bound_high)} Chinese`);
  if (row.location_quotient !== null && shown.column !== "location_quotient") say(`${row.location_quotient.toFixed(2)} × the world’s share`);
  if (row.look === "small") say(words.small_n, "care");
  if (row.evidence) say(`Evidence: ${words.evidence[row.evidence]}${row.coverage === null ? "" : `; coverage ${percent(row.coverage)}`}`);
  if (row.reason) say(row.reason, "muted");
  if (regions[row.region].note) say(regions[row.region].note, "muted");
  return lines;
}
const named = (tag, row) => {
  const node = element(tag);
  node.append(element("bdi", regions[row.region].name));
  return node;
};
/** Sentences for the ear: one stop after each, also where the text brings its own. */
const spoken = row => `${regions[row.region].name}: ${sentences(row).map(line => line.slice(1).join(", ").replace(/\.$/, "")).join(". ")}`;
function describe(target, row) {
  const trend = sparkline(row.region);
  target.replaceChildren(named("strong", row), ...(trend ? [trend] : []), ...sentences(row).map(([kind, first, second]) => {
    const line = element("div", second ? "" : unbroken(first), kind);
    if (second) line.append(element("span", unbroken(first), "cn"), " · ", element("span", unbroken(second), "us"));
    return line;
  }));
}
/** Link to the page that explains a region. Alone in another page, the map has no pages beside it. */
function explained(target, row, child) {
  if (!data.explained || parent !== window || regions[row.region].level === "admin1") return;
  const link = element("a");
  link.href = `${data.explained}/${regions[row.region].id.replace(":", "-")}.html`;
  link.append(child);
  target.append(link);
}
/** The share over all periods with its interval; nothing where there are not two. */
function sparkline(region) {
  const rows = series().periods.map((_, t) => rowOf(region, t)), shares = rows.map(row => row.cn_share);
  if (shares.filter(share => share !== null).length < 2) return null;
  const W = 190, H = 34, x = t => ((t + 0.5) * W / rows.length).toFixed(1), y = share => ((H - 4) * (1 - share) + 2).toFixed(1);
  const plot = drawing("svg", { viewBox: `0 0 ${W} ${H}`, width: W, height: H, class: "trend", "aria-hidden": "true" });
  plot.append(drawing("path", { d: `M0 ${y(0.5)}H${W}`, class: "half" }));
  // Runs without a gap: what is hidden or missing breaks the line.
  let run = [];
  const close = () => {
    const path = (times, name) => times.map(t => `${x(t)} ${y(rows[t][name])}`).join("L"), band = run.filter(t => rows[t].cn_share_low !== null);
    if (band.length > 1) plot.append(drawing("path", { class: "band", d: `M${path(band, "cn_share_high")}L${path(band.reverse(), "cn_share_low")}z` }));
    if (run.length) plot.append(drawing("path", { class: "line", d: `M${path(run, "cn_share")}h.01` }));
    run = [];
  };
  shares.forEach((share, t) => share === null ? close() : run.push(t));
  close();
  if (shares[state.t] !== null) plot.append(drawing("circle", { cx: x(state.t), cy: y(shares[state.t]), r: 3, class: "now" }));
  return plot;
}
