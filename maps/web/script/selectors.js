/* Signal, coding, measure and what colours mean. */

function options(select, pairs, value) {
  select.replaceChildren(...pairs.map(([key, text, off]) => Object.assign(new Option(text, key), { disabled: !!off })));
  select.value = value;
  select.parentElement.hidden = pairs.length < 2;
}
function selectors() {
  const { signal, coding } = series(), own = data.series.filter(one => one.signal === signal);
  options($("signal"), Object.entries(data.signals).map(([key, { label, silent }]) => [key, silent ? `${label} – ${silent}` : label]), signal);
  options($("coding"), own.map(one => [one.coding, words.coding[one.coding]]), coding);
  const has = column => [figures(), figures(true)].some(part => part?.column[column]);
  options($("measure"), data.measures.map(({ label, column }, i) => [i, i && !has(column) ? `${label} – none of this signal` : label, i && !has(column)]), state.measure);
  $("view").value = state.view;
  slider();
}
/** Another series: the same period where it has one, else its newest. */
async function choose(signal, coding) {
  stop();
  const period = series().periods[state.t], own = data.series.filter(one => one.signal === signal);
  const one = own.find(each => each.coding === coding) ?? own[0], place = one.periods.indexOf(period);
  state.series = data.series.indexOf(one);
  state.t = place < 0 ? one.periods.length - 1 : place;
  await load(one.blob);
  if (!figures()?.column[measure().column]) state.measure = 0;
  remember(true);
  await show();
}
/** Another measure, or another meaning of the colours. */
function coloured(change) {
  Object.assign(state, change);
  remember(true);
  refresh();
}
