/* The period: a slider with arrow keys, and play. */

let playing = null;
function slider() {
  const { periods, period_words: labels } = series(), one = $("period");
  one.max = periods.length - 1;
  one.value = state.t;
  one.setAttribute("aria-valuetext", labels[state.t]);
  $("period-words").textContent = labels[state.t];
  $("time").hidden = periods.length < 2;
  $("ticks").replaceChildren(element("span", labels[0]), element("span", labels[labels.length - 1]));
}
function moved(t) {
  state.t = t;
  remember(false, true);
  refresh(true);
}
function stop() {
  clearInterval(playing);
  playing = null;
  $("play").textContent = "▶";
  $("play").setAttribute("aria-label", "Play over time");
}
function play() {
  if (playing) {
    stop();
    $("live").textContent = series().period_words[state.t];
    return;
  }
  const last = series().periods.length - 1;
  if (state.t === last) moved(0);
  $("play").textContent = "❚❚";
  $("play").setAttribute("aria-label", "Pause");
  // Who asked for less motion gets time to look at each picture.
  playing = setInterval(() => {
    if (state.t < last) moved(state.t + 1);
    if (state.t >= last) {
      stop();
      $("live").textContent = series().period_words[state.t];
    }
  }, matchMedia("(prefers-reduced-motion: reduce)").matches ? 2000 : 700);
}
