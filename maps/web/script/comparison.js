/* The card of the selected region, and beside it the one that it is compared with. */

let choosing = false;
function verdict(one, other) {
  const parts = [], points = 100 * (one.cn_share - other.cn_share);
  if (one.cn_share === null || other.cn_share === null) return "Only where both have a share is there something to compare.";
  const first = `The Chinese share of ${regions[one.region].name}`, second = `that of ${regions[other.region].name}`, apart = Math.abs(points).toFixed(1);
  const known = one.cn_share_low !== null && other.cn_share_low !== null;
  if (known && one.cn_share_low <= other.cn_share_high && other.cn_share_low <= one.cn_share_high) {
    parts.push(`${first} and ${second} are ${apart} points apart. Their 95 % intervals overlap: which is higher is open.`);
  } else {
    parts.push(`${first} is ${apart} points ${points < 0 ? "lower" : "higher"} than ${second}.`);
    if (known) parts.push("Their 95 % intervals do not overlap.");
  }
  if (one.evidence !== other.evidence) parts.push(`One is ${words.evidence[one.evidence]}, the other ${words.evidence[other.evidence]}: two instruments.`);
  return unbroken(parts.join(" "));
}
function card() {
  const { region, against } = state;
  $("card").hidden = region === null;
  if (region === null) return;
  const row = rowOf(region), other = against === null ? null : rowOf(against);
  describe($("chosen"), row);
  explained($("chosen"), row, words.explain);
  $("against").hidden = other === null;
  $("verdict").hidden = other === null;
  if (other) {
    describe($("against"), other);
    explained($("against"), other, words.explain);
    $("verdict").textContent = verdict(row, other);
  }
  $("compare").textContent = other ? "End comparison" : choosing ? "Now choose the other region" : "Compare with …";
  $("compare").setAttribute("aria-pressed", choosing);
  $("enter").hidden = regions[region].level !== "country" || state.inside === region;
  $("clear").hidden = choosing;
}
function compare() {
  choosing = state.against === null && !choosing;
  state.against = null;
  if (choosing) $("live").textContent = "Choose the other region on the map or by search.";
  remember(true);
  card();
}
