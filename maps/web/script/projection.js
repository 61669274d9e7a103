/* Equal Earth, and outlines in degrees. Centred on 11° E so that the seam (169° W) runs through the Bering Strait. */

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

// What lies west of the seam moves by 360°: Chukotka joins Siberia.
const acrossSeam = line => line.reduce((sum, point) => sum + point[1], 0) / line.length < SEAM;
const shifted = line => acrossSeam(line) ? line.map(([lat, lng]) => [lat, lng + 360]) : line;

/** Arcs of a packed topology: functions that give a line of [lat, lng], made when first asked for. */
function arcsOf({ bytes, start, points, planes: [wide, tall], transform: { scale: [sx, sy], translate: [tx, ty] } }) {
  const count = points.reduce((sum, length) => sum + length, 0);
  const east = integers(bytes, start, count, wide), north = integers(bytes, start + count * wide, count, tall);
  // Each arc begins where the one before it ended.
  for (let k = 1; k < count; k++) {
    east[k] += east[k - 1];
    north[k] += north[k - 1];
  }
  let first = 0;
  return points.map(length => {
    const from = first;
    let line;
    first += length;
    return () => line ||= Array.from({ length }, (_, k) => [north[from + k] * sy + ty, east[from + k] * sx + tx]);
  });
}
/** Ids of the listed regions; those of the same economy as the one above are kept without it. */
function idsOf({ ids }) {
  let economy;
  return ids.map(id => {
    const whole = id.startsWith("-") ? economy + id : id;
    economy = whole.split("-")[0];
    return whole;
  });
}
/** Region → polygons as rings of arcs; a negative number is an arc backwards. */
function shapesOf({ bytes, start, points, ids, shapes, before, references, jumps, planes: [wide, tall, deep, far] }) {
  const from = start + points.reduce((sum, length) => sum + length, 0) * (wide + tall);
  const codes = integers(bytes, from, references, deep), outer = integers(bytes, from + references * deep, jumps, far);
  let k = 0, j = 0, fresh = before, last = 0;
  // The next new arc, one of the coarser layer, or one that was used before.
  const next = () => {
    const code = codes[k++], kind = code >> 1, arc = kind === 0 ? fresh++ : kind === 1 ? last += outer[j++] : fresh - kind + 1;
    return code & 1 ? ~arc : arc;
  };
  const outlined = idsOf({ ids });
  return shapes.map((polygons, i) => [outlined[i], polygons.map(rings => rings.map(length => Array.from({ length }, next)))]);
}
/** Polygons of one region. Quantisation may leave nothing of it; then there are none. */
const polygonsOf = (parts, arcs) => parts.map(rings => rings.map(indices => {
  const points = [];
  for (const i of indices) {
    const arc = i < 0 ? arcs[~i]().slice().reverse() : arcs[i]();
    points.push(...(points.length ? arc.slice(1) : arc));
  }
  return shifted(points);
}));
/** A line without what lies on 180°, where shapes are cut and no border is. */
function uncut(points) {
  const lines = [[]], on = ([, lng]) => Math.abs(Math.abs(lng) - 180) < 0.01;
  points.forEach((point, i) => {
    if (i && on(point) && on(points[i - 1])) lines.push([]);
    lines[lines.length - 1].push(point);
  });
  return lines.filter(line => line.length > 1);
}
const bordersOf = arcs => arcs.flatMap(arc => uncut(arc())).map(shifted);
const rimOf = polygons => polygons.flat().flatMap(uncut);
