/* The view as a file: figures as CSV, the map with caption and legend as SVG and PNG. */

function save(ending, blob) {
  const { signal, coding, periods } = series(), name = [signal, periods[state.t], coding, state.measure ? measure().column : "", state.view === "evidence" ? "evidence" : "", atWorld() ? "" : regions[state.inside].id];
  const href = URL.createObjectURL(blob);
  Object.assign(element("a"), { href, download: `adoption-atlas-${name.filter(Boolean).join("-")}.${ending}` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}
function csv() {
  // A spreadsheet runs cells that begin with = + - @; an apostrophe makes them text.
  const cell = value => {
    if (value === null) return "";
    const text = typeof value === "string" ? value.replace(/^\s*[=+\-@\t\r]/, "'$&") : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const { signal, coding, periods } = series();
  const lines = tableRows().map(row => [signal, periods[state.t], regions[row.region].level, regions[row.region].id, regions[row.region].name, coding,
    ...data.fields.map(name => row[name])].map(cell).join(","));
  const head = ["signal", "period", "level", "region_id", "name", "coding", ...data.fields].join(",");
  save("csv", new Blob([`\ufeff${[head, ...lines].join("\r\n")}\r\n`], { type: "text/csv" }));
}
/** The map as it stands, with its caption and legend. */
function picture() {
  const { x: width, y: tall } = map.getSize(), { color: ink, backgroundColor: paper } = getComputedStyle(document.body);
  const out = drawing("svg", { xmlns: NS, width, "font-family": "Arial, sans-serif" });
  // A file has no style sheet: computed values become attributes.
  const freeze = (from, to) => {
    const style = getComputedStyle(from);
    for (const name of ["display", "fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray"]) to.setAttribute(name, style[name].replaceAll('"', ""));
    [...from.children].forEach((child, i) => freeze(child, to.children[i]));
    return to;
  };
  const copied = node => freeze(node, node.cloneNode(true));
  let down = 6;
  const text = (x, y, said, size) => out.append(drawing("text", { x, y, fill: ink, "font-size": size }, said));
  // Lines by a mean width of letters, on the safe side.
  const write = (id, size) => $(id).hidden || $(id).textContent.match(RegExp(`.{1,${Math.floor((width - 24) / size / 0.54)}}(\\s|$)`, "g"))
    ?.forEach(line => text(12, down += size * 1.35, line.trim(), size));
  out.append(copied($("patterns")), drawing("rect", { width: "100%", height: "100%", fill: paper }));
  write("title", 17);
  write("subtitle", 12);
  write("notice", 12);
  const copy = copied(svg), shift = map.containerPointToLayerPoint([0, 0]), [x, y] = svg.getAttribute("viewBox").split(" ");
  set(copy, { x: x - shift.x, y: y - shift.y, style: "" });
  const inner = drawing("svg", { y: down += 10, width, height: tall, overflow: "hidden" });
  inner.append(copy);
  marks.eachLayer(mark => {
    if (mark.getElement().hidden) return;
    const p = map.latLngToContainerPoint(mark.getLatLng());
    inner.append(drawing("path", { d: `M${p.x - 3} ${p.y - 3}l6 6m0-6l-6 6`, stroke: "#444", "stroke-width": 1.2 }));
  });
  out.append(inner);
  down += tall + 4;
  if (state.view !== "evidence") write("measure-words", 12);
  const columns = Math.max(1, Math.floor(width / 210));
  [...document.querySelectorAll("#legend [data-key]")].filter(item => item.offsetParent).forEach((item, i) => {
    const [swatch, label, number] = item.children, left = 12 + i % columns * (width - 12) / columns;
    if (i % columns === 0) down += 21;
    out.append(set(copied(swatch), { x: left, y: down - 12, width: 26, height: 15 }));
    text(left + 33, down, `${label.textContent}: ${number.textContent}`, 12);
  });
  down += 6;
  for (const id of [...(state.view === "evidence" ? [] : ["strength-words"]), "tally", "about", "credit"]) write(id, 11);
  set(out, { viewBox: `0 0 ${width} ${down += 12}`, height: down });
  return out;
}
const pictureBlob = () => new Blob([new XMLSerializer().serializeToString(picture())], { type: "image/svg+xml" });
/** The same picture as points, 2400 wide; drawn from the page's own memory. */
async function png() {
  const href = URL.createObjectURL(pictureBlob()), image = new Image();
  await new Promise((done, failed) => Object.assign(image, { onload: done, onerror: failed, src: href }));
  const canvas = Object.assign(element("canvas"), { width: 2400, height: Math.round(2400 * image.height / image.width) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(href);
  canvas.toBlob(blob => save("png", blob), "image/png");
}
