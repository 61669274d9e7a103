/* The table of the view: a row for every region that is shown, and for those that they are part of. */

const LEVELS = { world: 0, subregion: 1, country: 2, admin1: 3, metro: 4 };
const ordered = list => list.sort((a, b) => LEVELS[regions[a.region].level] - LEVELS[regions[b.region].level]
  || (b.value ?? -Infinity) - (a.value ?? -Infinity) || regions[a.region].name.localeCompare(regions[b.region].name, "en"));
const tableRows = () => ordered((atWorld() ? where(({ level }) => level !== "admin1")
  : [state.inside, ...shownRegions()]).map(i => rows.get(i) || rowOf(i)));
const extra = () => state.measure > 0;
function table() {
  if (!$("table").open) return;
  $("measured").hidden = !extra();
  $("measured").textContent = measure().label;
  $("rows").replaceChildren(...tableRows().map(row => {
    const line = element("tr"), head = named("th", row);
    line.dataset.region = regions[row.region].id;
    head.scope = "row";
    explained(head, row, head.firstChild);
    line.append(head, ...[
      words.level[regions[row.region].level], ...(extra() ? [inUnit(row.value, measure())] : []),
      percent(row.cn_share), span(row.cn_share_low, row.cn_share_high),
      span(row.bound_low, row.bound_high), count(row.n), count(row.n_cn), count(row.n_us), percent(row.coverage),
      row.evidence ? words.evidence[row.evidence] : "–", words.state[row.state], row.reason || "",
    ].map(text => element("td", text)));
    return line;
  }));
}
