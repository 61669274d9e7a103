/* The interactive map of Adoption Atlas: paints what Python decided, and makes it explorable.
 *
 * Here: projection, drawing, pointer, keyboard, table, downloads. Not here: classes, looks, intervals,
 * captions; Python computes them (maps/cells.py), so that page, picture and tests cannot disagree.
 *
 * Names and reasons come from data and may be hostile: they enter the page through textContent only.
 */
(() => {
  "use strict";

  // --- Equal Earth, centred on 11° E so that the seam (169° W) runs through the Bering Strait ---
  const A1 = 1.340264, A2 = -0.081106, A3 = 0.000893, A4 = 0.003796, M = Math.sqrt(3) / 2;
  const CENTRE = 11, SEAM = CENTRE - 180, RAD = Math.PI / 180;
  const HALF_WIDTH = 2.7066299836960748, HALF_HEIGHT = 1.3173627591574133;
  const slope = t => { const s = t * t, c = s * s * s; return A1 + 3 * A2 * s + c * (7 * A3 + 9 * A4 * s); };
  const height = t => { const s = t * t, c = s * s * s; return t * (A1 + A2 * s + c * (A3 + A4 * s)); };
  const projection = {
    project({ lng, lat }) {
      const t = Math.asin(M * Math.sin(Math.max(-90, Math.min(90, lat)) * RAD));
      return L.point((lng - CENTRE) * RAD * Math.cos(t) / (M * slope(t)), height(t));
    },
    unproject({ x, y }) {
      let t = y;
      for (let i = 0; i < 12; i++) t -= (height(t) - y) / slope(t);
      const sine = Math.max(-1, Math.min(1, Math.sin(t) / M));
      return L.latLng(Math.asin(sine) / RAD, M * x * slope(t) / Math.cos(t) / RAD + CENTRE);
    },
    bounds: L.bounds([-HALF_WIDTH, -HALF_HEIGHT], [HALF_WIDTH, HALF_HEIGHT]),
  };
  L.CRS.EqualEarth = L.extend({}, L.CRS, {
    code: "EPSG:8857", infinite: true, projection,
    transformation: new L.Transformation(0.5 / HALF_WIDTH, 0.5, -0.5 / HALF_WIDTH, 0.5),
  });

  // --- TopoJSON ---
  // What lies west of the seam moves by 360°: Chukotka joins Siberia.
  const acrossSeam = line => line.reduce((sum, p) => sum + p[1], 0) / line.length < SEAM;
  const shifted = line => acrossSeam(line) ? line.map(([lat, lng]) => [lat, lng + 360]) : line;

  /** Whole numbers of a text: zigzag, five bits a digit, as in encoded polylines. */
  function numbers(text) {
    const out = [];
    let n = 0, shift = 0;
    for (const sign of text) {
      const digit = sign.charCodeAt(0) - 63;
      n += (digit & 31) << shift;
      shift += 5;
      if (digit < 32) { out.push(n & 1 ? ~(n >> 1) : n >> 1); n = shift = 0; }
    }
    return out;
  }
  /** Region id → rings as [lat, lng], and every border once. A null geometry gives no rings. */
  function decode(topology) {
    const { scale: [sx, sy], translate: [tx, ty] } = topology.transform;
    const arcs = topology.arcs.map(arc => {
      const steps = numbers(arc), points = [];
      for (let i = 0, x = 0, y = 0; i < steps.length; i += 2) points.push([(y += steps[i + 1]) * sy + ty, (x += steps[i]) * sx + tx]);
      return points;
    });
    const ring = indices => {
      const points = [];
      for (const i of indices) {
        const arc = i < 0 ? arcs[~i].slice().reverse() : arcs[i];
        points.push(...(points.length ? arc.slice(1) : arc));
      }
      return shifted(points);
    };
    const polygons = g => g.type === "Polygon" ? [g.arcs] : g.arcs || [];
    const shapes = new Map(topology.objects.economies.geometries.map(g => [g.id, polygons(g).map(rings => rings.map(ring))]));
    // The cut at 180° is no border: the line is broken wherever both ends lie on it.
    const borders = [];
    for (const arc of arcs) {
      let line = [];
      for (const point of arc) {
        const last = line[line.length - 1];
        if (last && Math.abs(last[1]) > 179.99 && Math.abs(point[1]) > 179.99) { borders.push(line); line = []; }
        line.push(point);
      }
      borders.push(line);
    }
    return { shapes, borders: borders.filter(line => line.length > 1).map(shifted) };
  }

  // --- Numbers ---
  const percent = share => share === null ? "–" : `${share % 1 && (share < 0.01 || share > 0.99) ? Math.min(99.9, Math.max(0.1, share * 100)).toFixed(1) : Math.round(share * 100)} %`;
  const span = (low, high) => low === null || high === null ? "–" : `${percent(low).slice(0, -2)}–${percent(high)}`;
  const unbroken = text => text.replace(/ %/g, "\u00a0%");
  const count = n => n === null ? "–" : Math.round(n).toLocaleString("en");

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

  window.AdoptionAtlas = (map, data, topology) => {
    const $ = id => document.getElementById(id);
    const { regions, words } = data, box = map.getContainer();
    const state = { slice: null, rows: [], selected: null };

    // --- Slices: columns in, rows out; no row means not observed ---
    const blank = { ...Object.fromEntries(data.fields.map(name => [name, null])), look: "not_observed", state: "not_observed", reason: words.no_row };
    function open({ region: filled, columns }) {
      const places = new Map(filled.map((region, i) => [region, i]));
      return regions.map((_, region) => {
        const i = places.get(region), row = { region };
        if (i === undefined) return { ...blank, region };
        for (const name of data.fields) row[name] = (Array.isArray(columns[name]) ? columns[name][i] : columns[name]) ?? null;
        row.reason = data.reasons[row.reason] ?? null;
        return row;
      });
    }

    /** Fill of a row by its look, or by evidence. */
    const fill = row => data.fills[row.look] || ($("evidence").checked ? data.evidence[row.evidence]
      : { small: `url(#hatch-${row.class})`, modelled: `url(#modelled-${row.class})` }[row.look] || data.classes[row.class]);

    // --- Sentences: the same ones for tooltip, card and screen reader ---
    function sentences(row) {
      const { signal } = state.slice, unit = data.signals[signal].unit, lines = [];
      const say = (text, kind = "") => lines.push([kind, text]);
      if (row.cn_share !== null) {
        lines.push(["share", `Chinese ${percent(row.cn_share)}`, `US ${percent(1 - row.cn_share)}`]);
        if (row.cn_share_low !== null) say(`95 % interval: ${span(row.cn_share_low, row.cn_share_high)} Chinese`);
      }
      if (row.state !== "value") say(words.state[row.state], "care");
      if (row.n !== null) {
        const parts = Object.entries({ n_cn: "Chinese", n_us: "US", n_both: "both", n_other: "other", n_unknown: "unknown origin" })
          .filter(([name]) => row[name] !== null).map(([name, word]) => `${count(row[name])} ${word}`);
        say(`n = ${count(row.n)} ${unit}${parts.length ? `: ${parts.join(", ")}` : ""}`);
      }
      if (row.bound_low !== null) say(`Worst-case bounds: ${span(row.bound_low, row.bound_high)} Chinese`);
      if (row.location_quotient !== null) say(`${row.location_quotient.toFixed(2)} × the world’s share`);
      if (row.look === "small") say(words.small_n, "care");
      if (row.evidence) say(`Evidence: ${words.evidence[row.evidence]}${row.coverage === null ? "" : `; coverage ${percent(row.coverage)}`}`);
      if (row.reason) say(row.reason, "muted");
      return lines;
    }
    const named = (tag, row) => {
      const node = element(tag);
      node.append(element("bdi", regions[row.region].name));
      return node;
    };
    // Alone in another page, the map has no pages beside it.
    const explained = (target, row, child) => {
      if (!data.explained || parent !== window) return;
      const link = element("a");
      link.href = `${data.explained}/${regions[row.region].id.replace(":", "-")}.html`;
      link.append(child);
      target.append(link);
    };
    const spoken = row => `${regions[row.region].name}: ${sentences(row).map(line => line.slice(1).join(", ")).join(". ")}`;
    function describe(target, row) {
      target.replaceChildren(named("strong", row), ...sentences(row).map(([kind, first, second]) => {
        const line = element("div", second ? "" : unbroken(first), kind);
        if (second) line.append(element("span", first, "cn"), " · ", element("span", second, "us"));
        return line;
      }));
    }

    // --- Drawing ---
    const { shapes, borders } = decode(topology);
    const renderer = L.svg({ padding: 0.5 });
    const fixed = { renderer, interactive: false, noClip: true, smoothFactor: 0.5 };
    const meridian = lng => Array.from({ length: 91 }, (_, i) => [2 * i - 90, lng]);
    const graticule = [];
    for (let lng = -150; lng <= 180; lng += 30) graticule.push(meridian(lng));
    for (let lat = -60; lat <= 60; lat += 30) graticule.push([[lat, SEAM], [lat, SEAM + 360]]);
    L.polygon([...meridian(SEAM), ...meridian(SEAM + 360).reverse()], { ...fixed, className: "sea", stroke: true }).addTo(map);
    L.polyline(graticule, { ...fixed, className: "graticule" }).addTo(map);

    const layers = new Map(), pathOf = index => layers.get(index).getElement(), marks = L.layerGroup().addTo(map);
    const centre = index => [regions[index].lat, regions[index].lng + (regions[index].lng < SEAM ? 360 : 0)];
    const drawn = (index, layer) => {
      layer.addTo(map);
      layers.set(index, layer);
      const path = pathOf(index);
      path.dataset.region = regions[index].id;
      set(path, { role: "img", tabindex: -1 });
      path.addEventListener("focus", () => index !== state.selected && path.matches(":focus-visible") && visit(index));
      const follow = ({ originalEvent: { clientX, clientY } }) => narrow() || hover(index, clientX, clientY);
      layer.on({ mousemove: follow, mouseout: leave, click: () => select(index, false) });
    };
    const painted = { ...fixed, interactive: true, fillOpacity: 1 };
    regions.forEach((region, index) => {
      if (region.level === "country" && !region.dot) drawn(index, L.polygon(shapes.get(region.id), { ...painted, stroke: false }));
    });
    L.polyline(borders, { ...fixed, className: "border" }).addTo(map);
    const outline = L.layerGroup().addTo(map);
    // Dots last, economies over metro areas: Singapore is both, and both stay in reach.
    for (const level of ["metro", "country"]) regions.forEach((region, index) => {
      if (region.dot && region.level === level) drawn(index, L.circleMarker(centre(index), { ...painted, className: `dot ${level}` }));
    });
    const first = layers.keys().next().value, svg = map.getPanes().overlayPane.firstElementChild;
    set(svg, { role: "group", "aria-label": words.map_label });

    function paint() {
      marks.clearLayers();
      for (const [index, layer] of layers) {
        const row = state.rows[index], path = layer.getElement();
        layer.setStyle({ fillColor: fill(row) });
        path.dataset.look = row.look;
        path.setAttribute("aria-label", spoken(row));
        if (row.look === "suppressed") {
          L.marker(centre(index), { icon: L.divIcon({ className: "cross", iconSize: [9, 9] }), interactive: false, keyboard: false }).addTo(marks);
        }
      }
      resize();
    }
    /** Dots shrink on small maps and grow when zoomed in. */
    function resize() {
      const scale = Math.max(0.6, Math.min(1, map.getSize().x / 900)) * (1 + 0.25 * (map.getZoom() - homeZoom));
      for (const [index, layer] of layers) {
        if (!layer.setRadius) continue;
        const bare = layer.getElement().dataset.look.startsWith("not_");
        layer.setRadius(scale * (bare ? 2 : regions[index].level === "metro" ? 5.2 : 3.8));
      }
    }

    // --- Legend: Python wrote it, the slice fills in the counts ---
    const entries = [...document.querySelectorAll("#legend [data-key]")];
    function legend() {
      document.body.classList.toggle("by-evidence", $("evidence").checked);
      for (const item of entries) item.lastElementChild.textContent = state.slice.counts[item.dataset.key];
      $("tally").textContent = state.slice.tally;
    }

    // --- World and subregions: dot plot with intervals ---
    function strip() {
      const wide = ordered().filter(row => row.cn_share !== null && levels[regions[row.region].level] < 2);
      $("strip").replaceChildren(...wide.map(row => {
        const item = element("li", "", regions[row.region].level);
        const plot = drawing("svg", { height: 14, class: "plot", "aria-hidden": "true" });
        const stroke = (from, to, name) => plot.append(drawing("line", { x1: `${100 * from}%`, x2: `${100 * to}%`, y1: 7, y2: 7, class: name }));
        stroke(0, 1, "track");
        plot.append(drawing("line", { x1: "50%", x2: "50%", y1: 0, y2: 14, class: "half" }));
        if (row.bound_low !== null) stroke(row.bound_low, row.bound_high, "bounds");
        if (row.cn_share_low !== null) stroke(row.cn_share_low, row.cn_share_high, row.evidence === "modelled" ? "interval modelled" : "interval");
        plot.append(drawing("circle", { cx: `${100 * row.cn_share}%`, cy: 7, r: 4.5, fill: fill(row), class: "edge" }));
        item.append(named("span", row), plot, element("b", percent(row.cn_share)));
        item.title = spoken(row);
        return item;
      }));
      $("aside").hidden = !wide.length;
      document.body.classList.toggle("no-strip", !wide.length);
    }

    // --- Table and downloads ---
    const levels = { world: 0, subregion: 1, country: 2, metro: 3 };
    const ordered = () => state.rows.slice().sort((a, b) => levels[regions[a.region].level] - levels[regions[b.region].level]
      || (b.cn_share ?? -1) - (a.cn_share ?? -1) || regions[a.region].name.localeCompare(regions[b.region].name, "en"));
    function table() {
      $("rows").replaceChildren(...ordered().map(row => {
        const line = element("tr"), head = named("th", row);
        line.dataset.region = regions[row.region].id;
        head.scope = "row";
        explained(head, row, head.firstChild);
        line.append(head, ...[
          words.level[regions[row.region].level], percent(row.cn_share), span(row.cn_share_low, row.cn_share_high),
          span(row.bound_low, row.bound_high), count(row.n), count(row.n_cn), count(row.n_us), percent(row.coverage),
          row.evidence ? words.evidence[row.evidence] : "–", words.state[row.state], row.reason || "",
        ].map(text => element("td", text)));
        return line;
      }));
    }
    function save(ending, type, text) {
      const { signal, period, coding } = state.slice, href = URL.createObjectURL(new Blob([text], { type }));
      Object.assign(element("a"), { href, download: `adoption-atlas-${signal}-${period}-${coding}.${ending}` }).click();
      URL.revokeObjectURL(href);
    }
    function csv() {
      // A spreadsheet runs cells that begin with = + - @; an apostrophe makes them text.
      const cell = value => {
        if (value === null) return "";
        const text = typeof value === "string" ? value.replace(/^[=+\-@\t\r]/, "'$&") : String(value);
        return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
      };
      const fields = data.fields.filter(name => name !== "look" && name !== "class");
      const lines = ordered().map(row => [state.slice.signal, state.slice.period, regions[row.region].level, regions[row.region].id,
        regions[row.region].name, state.slice.coding, ...fields.map(name => row[name])].map(cell).join(","));
      const head = ["signal", "period", "level", "region_id", "name", "coding", ...fields].join(",");
      save("csv", "text/csv", `\ufeff${[head, ...lines].join("\r\n")}\r\n`);
    }
    /** The map as it stands, with its caption and legend, as a file. */
    function picture() {
      const { x: width, y: tall } = map.getSize(), { color: ink, backgroundColor: paper } = getComputedStyle(document.body);
      const out = drawing("svg", { xmlns: NS, width, "font-family": "Arial, sans-serif" });
      // A file has no style sheet: computed values become attributes.
      const freeze = (from, to) => {
        const style = getComputedStyle(from);
        for (const name of ["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray"]) to.setAttribute(name, style[name].replaceAll('"', ""));
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
      const frame = drawing("svg", { y: down += 10, width, height: tall, overflow: "hidden" });
      frame.append(copy);
      marks.eachLayer(mark => {
        const p = map.latLngToContainerPoint(mark.getLatLng());
        frame.append(drawing("path", { d: `M${p.x - 3} ${p.y - 3}l6 6m0-6l-6 6`, stroke: "#444", "stroke-width": 1.2 }));
      });
      out.append(frame);
      down += tall + 4;
      if (!$("evidence").checked) write("measure", 12);
      const columns = Math.max(1, Math.floor(width / 210));
      entries.filter(item => item.offsetParent).forEach((item, i) => {
        const [swatch, label, number] = item.children, left = 12 + i % columns * (width - 12) / columns;
        if (i % columns === 0) down += 21;
        out.append(set(copied(swatch), { x: left, y: down - 12, width: 26, height: 15 }));
        text(left + 33, down, `${label.textContent}: ${number.textContent}`, 12);
      });
      down += 6;
      for (const id of ["tally", "about", "credit"]) write(id, 11);
      set(out, { viewBox: `0 0 ${width} ${down += 12}`, height: down });
      save("svg", "image/svg+xml", new XMLSerializer().serializeToString(out));
    }

    // --- Pointing and selecting ---
    const narrow = () => matchMedia("(max-width: 700px)").matches;
    const tip = $("tip");
    function hover(index, x, y) {
      describe(tip, state.rows[index]);
      tip.hidden = false;
      const { offsetWidth: w, offsetHeight: h } = tip;
      tip.style.left = `${Math.max(6, x + 16 + w > innerWidth ? x - w - 12 : x + 16)}px`;
      tip.style.top = `${Math.max(6, Math.min(y + 16, innerHeight - h - 6))}px`;
      trace(index);
    }
    function leave() {
      tip.hidden = true;
      trace(state.selected);
    }
    function trace(index) {
      outline.clearLayers();
      if (index === null) return;
      const region = regions[index], options = { ...fixed, fill: false, className: "outline" };
      (region.dot ? L.circleMarker(centre(index), { ...options, radius: 8 }) : L.polygon(shapes.get(region.id), options)).addTo(outline);
    }
    function select(index, speak) {
      svg.querySelector('[tabindex="0"]').setAttribute("tabindex", "-1");
      state.selected = index;
      pathOf(index).setAttribute("tabindex", "0");
      trace(index);
      describe($("card"), state.rows[index]);
      explained($("card"), state.rows[index], words.explain);
      $("card").hidden = false;
      if (speak) $("live").textContent = spoken(state.rows[index]);
    }

    // --- Arrow keys: nearest region in the direction, and none left out ---
    const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const toward = (key, p, q) => (q.x - p.x) * WAYS[key][0] + (q.y - p.y) * WAYS[key][1];
    let ways = null;
    function neighbours() {
      const points = new Map([...layers.keys()].map(i => [i, map.project(centre(i), 4)]));
      const next = {};
      for (const key in WAYS) {
        next[key] = new Map();
        for (const [i, p] of points) {
          let best = null, least = Infinity;
          for (const [j, q] of points) {
            const along = toward(key, p, q), aside = Math.abs(q.x - p.x) + Math.abs(q.y - p.y) - along;
            if (along > 0.5 && along + 2.2 * aside < least) { least = along + 2.2 * aside; best = j; }
          }
          next[key].set(i, best);
        }
      }
      // Some regions are nobody's nearest. Each is hung in, like a link into a chain, beside the nearest
      // region within reach, so nothing is lost.
      const reach = () => {
        const seen = new Set([first]);
        for (const i of seen) for (const key in WAYS) if (next[key].get(i) !== null) seen.add(next[key].get(i));
        return seen;
      };
      for (let seen = reach(); seen.size < points.size; seen = reach()) {
        const lost = [...points.keys()].find(i => !seen.has(i)), q = points.get(lost);
        const host = [...seen].sort((a, b) => points.get(a).distanceTo(q) - points.get(b).distanceTo(q))[0], p = points.get(host);
        const key = Object.keys(WAYS).sort((a, b) => toward(b, p, q) - toward(a, p, q))[0];
        next[key].set(lost, next[key].get(host));
        next[key].set(host, lost);
      }
      return next;
    }
    function visit(index) {
      if (!map.getBounds().contains(centre(index))) map.panTo(centre(index), { animate: false });
      select(index, true);
      pathOf(index).focus({ preventScroll: true });
      if (narrow()) return;
      const { left, top } = box.getBoundingClientRect(), p = map.latLngToContainerPoint(centre(index));
      hover(index, left + p.x, top + p.y);
    }
    box.addEventListener("keydown", event => {
      if (event.key === "Escape") return leave();
      if (event.key === "Enter" && state.selected !== null) return zoomTo(state.selected);
      if (!(event.key in WAYS)) return;
      event.preventDefault();
      ways ||= neighbours();
      const to = state.selected === null ? first : ways[event.key].get(state.selected);
      if (to !== null) visit(to);
    }, true);
    box.addEventListener("focusout", leave);

    // --- View ---
    const TOP = projection.project({ lng: 0, lat: 84 }).y, BOTTOM = projection.project({ lng: 0, lat: -57 }).y;
    let homeZoom = 1;
    const zoomed = () => map.getZoom() > homeZoom + 0.05;
    function home() {
      map.invalidateSize();
      const { x, y } = map.getSize(), share = (TOP - BOTTOM) / (2 * HALF_WIDTH);
      homeZoom = Math.log2(Math.min(x * 0.99, y / share) / 256);
      map.setMinZoom(homeZoom);
      map.setView(projection.unproject({ x: 0, y: (TOP + BOTTOM) / 2 }), homeZoom, { animate: false });
    }
    function zoomTo(index) {
      map.setView(centre(index), homeZoom + (regions[index].dot ? 3 : 1.7), { animate: false });
    }
    // At world size a drag scrolls the page; zoomed in, it moves the map.
    map.on("zoomend", () => {
      map.dragging[zoomed() ? "enable" : "disable"]();
      if (state.slice) resize();
    });
    new ResizeObserver(() => zoomed() ? map.invalidateSize() : home()).observe(box);

    // --- Controls ---
    const options = (select, pairs) => {
      select.replaceChildren(...pairs.map(([value, text]) => new Option(text, value)));
      select.parentElement.hidden = pairs.length < 2;
    };
    const unique = list => [...new Map(list)];
    function choose(level) {
      const signal = $("signal").value;
      const own = data.slices.filter(s => s.signal === signal), dated = () => own.filter(s => s.period === $("period").value);
      if (level < 1) options($("period"), unique(own.map(s => [s.period, s.period_words])));
      if (level < 2) options($("coding"), unique(dated().map(s => [s.coding, words.coding[s.coding]])));
      state.slice = dated().find(s => s.coding === $("coding").value);
      state.rows = open(state.slice);
      $("title").textContent = document.title = data.signals[signal].title;
      $("subtitle").textContent = unbroken(state.slice.subtitle);
      $("notice").textContent = state.slice.notice;
      $("notice").hidden = !state.slice.notice;
      $("about").textContent = data.signals[signal].note;
      $("credit").textContent = state.slice.credit;
      refresh();
    }
    function refresh() {
      leave();
      paint();
      legend();
      strip();
      table();
      if (state.selected !== null) select(state.selected, false);
    }
    options($("signal"), Object.entries(data.signals).map(([signal, { label, silent }]) => [signal, silent ? `${label} – ${silent}` : label]));
    $("signal").onchange = () => choose(0);
    $("period").onchange = () => choose(1);
    $("coding").onchange = () => choose(2);
    $("evidence").onchange = refresh;
    $("names").replaceChildren(...[...layers.keys()].map(index => new Option("", regions[index].name)));
    $("find").onchange = event => {
      const wanted = event.target.value.trim().toLowerCase();
      const found = [...layers.keys()].find(i => [regions[i].name, regions[i].id].some(text => text.toLowerCase() === wanted));
      $("live").textContent = wanted && words.not_found;
      if (found === undefined) return;
      zoomTo(found);
      select(found, true);
    };
    $("csv").onclick = csv;
    $("svg").onclick = picture;
    $("in").onclick = () => map.zoomIn(0.7);
    $("out").onclick = () => map.zoomOut(0.7);
    $("world").onclick = home;
    $("theme").onclick = () => {
      document.documentElement.dataset.theme = getComputedStyle(document.body).colorScheme === "dark" ? "light" : "dark";
    };

    $("signal").value = data.slices[data.first].signal;
    home();
    choose(0);
    pathOf(first).setAttribute("tabindex", "0");
    document.body.dataset.ready = "yes";
  };
})();
