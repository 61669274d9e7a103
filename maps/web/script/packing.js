/* Packed parts of the page back into figures and outlines; maps/packing.py packs them by the same formulas. */

/** Bytes of a packed part: base64 of gzip. */
async function unzipped(id) {
  const bytes = Uint8Array.from(atob($(id).textContent), sign => sign.charCodeAt(0));
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}
const asText = bytes => new TextDecoder().decode(bytes);
/** Head and where the planes begin. */
function opened(bytes) {
  const start = 4 + new DataView(bytes.buffer).getUint32(0, true);
  return { ...JSON.parse(asText(bytes.subarray(4, start))), bytes, start };
}
/** Signed whole numbers of planes of bytes, lowest first. */
function integers(bytes, at, count, planes) {
  const out = new Float64Array(count);
  for (let k = 0, weight = 1; k < planes; k++, weight *= 256) {
    for (let i = 0, j = at + k * count; i < count; i++) out[i] += weight * bytes[j + i];
  }
  for (let i = 0; i < count; i++) out[i] = out[i] % 2 ? -(out[i] + 1) / 2 : out[i] / 2;
  return out;
}

/** What a column's figure ought to be, from columns before it; NaN where no formula tells. */
function formula(name, column, { periods, world, before, year_before }) {
  const Z = 1.959963984540054, ZZ = Z * Z;
  const all = (...keys) => keys.every(key => column[key]);
  const wilson = side => i => {
    const p = column.cn_share[i], n = column.n[i], reach = Z * Math.sqrt(p * (1 - p) / n + ZZ / (4 * n * n));
    return Math.min(1, Math.max(0, (p + ZZ / (2 * n) + side * reach) / (1 + ZZ / n)));
  };
  const change = (index, side) => (i, t) => {
    const j = index[t] < 0 ? -1 : i - t + index[t], { cn_share: share, cn_share_low: low, cn_share_high: high } = column;
    const p = share[i], q = j < 0 ? NaN : share[j];
    if (side === 0) return 100 * (p - q);
    const down = (p - low[i]) * (p - low[i]) + (high[j] - q) * (high[j] - q);
    const up = (high[i] - p) * (high[i] - p) + (q - low[j]) * (q - low[j]);
    return 100 * (p - q + side * Math.sqrt(side > 0 ? up : down));
  };
  const same = key => all(key) && (i => column[key][i]);
  switch (name) {
    case "n_us": return all("n", "n_cn") && (i => column.n[i] - column.n_cn[i] + (column.n_both?.[i] || 0));
    case "cn_share": return all("n_cn", "n_us") && (i => column.n_cn[i] / (column.n_cn[i] + column.n_us[i]));
    case "cn_share_low": case "cn_share_high": return all("cn_share", "n") && wilson(name.endsWith("low") ? -1 : 1);
    case "bound_low": return same("cn_share_low");
    case "bound_high": return same("cn_share_high");
    case "cn_share_shrunk": return same("cn_share");
    case "cn_share_shrunk_low": case "cn_share_shrunk_high": {
      const end = name.replace("_shrunk", "");
      return all("cn_share_shrunk", "cn_share", end) && (i => column.cn_share_shrunk[i] + column[end][i] - column.cn_share[i]);
    }
    case "location_quotient": return all("cn_share") && world >= 0 && ((i, t) => column.cn_share[i] / column.cn_share[world * periods + t]);
    case "cn_per_1000_developers": return all("n_cn") && ((i, t, own, last) => last.cell < 0 ? NaN : column.n_cn[i] * (own[last.cell] / column.n_cn[last.cell]));
    case "us_per_1000_developers": return all("n_us", "n_cn", "cn_per_1000_developers") && (i => column.n_us[i] * column.cn_per_1000_developers[i] / column.n_cn[i]);
  }
  const [, when, end] = /^change_(previous|year)(_low|_high)?$/.exec(name) || [];
  return when && all("cn_share", "cn_share_low", "cn_share_high") && change(when === "year" ? year_before : before, { _low: -1, _high: 1 }[end] || 0);
}

/** Columns of a packed grid: a figure a cell, NaN for none; texts stand beside their column. */
function figuresOf(packed) {
  const { bytes, start, regions: count, periods, columns } = packed, cells = count * periods, size = cells + 7 >> 3;
  const column = {}, texts = {};
  let at = start + packed.masks * size;
  for (const { name, scale, mask, planes, texts: own } of columns) {
    const present = i => bytes[start + mask * size + (i >> 3)] >> (i & 7) & 1;
    let filled = 0;
    for (let i = 0; i < cells; i++) filled += present(i);
    const rest = integers(bytes, at, filled, planes), out = new Float64Array(cells).fill(NaN), guess = formula(name, column, packed);
    at += filled * planes;
    for (let region = 0, k = 0; region < count; region++) {
      let before = 0;
      // The last cell of the region that a rate can be taken from.
      const last = { cell: -1 };
      for (let t = 0, i = region * periods; t < periods; t++, i++) {
        if (!present(i)) continue;
        const expected = guess ? Math.floor(guess(i, t, out, last) * scale + 0.5) : NaN;
        before = (Number.isFinite(expected) && Math.abs(expected) < 2 ** 40 ? expected : before) + rest[k++];
        out[i] = before / scale;
        if (column.n_cn?.[i] > 0) last.cell = i;
      }
    }
    column[name] = out;
    if (own) texts[name] = own;
  }
  return { slots: new Map(packed.places.map((place, slot) => [place, slot])), periods, column, texts };
}
