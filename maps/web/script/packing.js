/* Packed parts of the page back into figures and outlines; maps/packing.py packs them by the same formulas. */

/** Bytes of a packed part: gzip, 13 bits in two of 91 signs; the first sign says how many bytes are too many. */
async function unzipped(id) {
  const text = $(id).textContent, bytes = new Uint8Array(text.length * 13 / 16 + 2);
  const digit = i => text.charCodeAt(i) - (text.charCodeAt(i) > 60 ? 36 : 35);
  let bits = 0, held = 0, at = 0;
  for (let i = 1; i < text.length; i += 2) {
    held = held << 13 | 91 * digit(i) + digit(i + 1);
    for (bits += 13; bits >= 8; at++) bytes[at] = held >> (bits -= 8) & 255;
    held &= 255;
  }
  const packed = new Blob([bytes.subarray(0, at - digit(0))]);
  return new Uint8Array(await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
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
    const p = column.cn_share[i], n = column.n[i], z = (column.n_both?.[i] || 0) / n, x = column.n_cn[i] / n - z, y = column.n_us[i] / n - z;
    const squared = (1 + z) * (1 + z), byX = (y + z) / squared, byY = -(x + z) / squared, byZ = (y - x) / squared;
    const mean = x * byX + y * byY + z * byZ, variance = x * byX * byX + y * byY * byY + z * byZ * byZ - mean * mean;
    const size = variance > 0 ? n * p * (1 - p) / variance : n, reach = Z * Math.sqrt(p * (1 - p) / size + ZZ / (4 * size * size));
    return Math.min(1, Math.max(0, (p + ZZ / (2 * size) + side * reach) / (1 + ZZ / size)));
  };
  const rest = i => column.n_cn[i] + column.n_us[i] + (column.n_unknown?.[i] || 0);
  const bound = low => (i, t, own, last) => {
    const side = low ? column.n_cn : column.n_us, j = last.across[t];
    if (j < 0) return NaN;
    const part = side[i] / (rest(i) + (side[j] / (low ? own[j] : 1 - own[j]) - rest(j)));
    return low ? part : 1 - part;
  };
  // As great a part as at the region's last cell, else as at the region before.
  const likewise = (key, nearby) => all(key) && ((i, t, own, { cell, across }) => {
    const j = cell < 0 && nearby ? across[t] : cell;
    return j < 0 ? NaN : column[key][i] * (own[j] / column[key][j]);
  });
  const change = (index, side) => (i, t) => {
    if (index[t] < 0) return NaN;
    const j = i - t + index[t], { cn_share: share, cn_share_low: low, cn_share_high: high } = column, p = share[i], q = share[j];
    if (side === 0) return 100 * (p - q);
    const down = (p - low[i]) * (p - low[i]) + (high[j] - q) * (high[j] - q);
    const up = (high[i] - p) * (high[i] - p) + (q - low[j]) * (q - low[j]);
    return 100 * (p - q + side * Math.sqrt(side > 0 ? up : down));
  };
  switch (name) {
    case "n_us": return all("n", "n_cn") && (i => column.n[i] - column.n_cn[i] + (column.n_both?.[i] || 0));
    case "cn_share": return all("n_cn", "n_us") && (i => column.n_cn[i] / (column.n_cn[i] + column.n_us[i]));
    case "n_cn": case "n_both": case "n_other": case "n_unknown": return likewise("n", true);
    case "cn_per_1000_developers": return likewise("n_cn");
    case "coverage": return (i, t, own, last) => last.across[t] < 0 ? NaN : own[last.across[t]];
    case "cn_share_low": case "cn_share_high": return all("n", "n_cn", "n_us", "cn_share") && wilson(name.endsWith("low") ? -1 : 1);
    case "bound_low": case "bound_high": return all("n_cn", "n_us") && bound(name === "bound_low");
    case "cn_share_shrunk": return all("cn_share") && ((i, t, own, { cell }) => cell < 0 ? NaN : column.cn_share[i] + (own[cell] - column.cn_share[cell]));
    case "cn_share_shrunk_low": case "cn_share_shrunk_high": {
      const end = name.replace("_shrunk", "");
      return all("cn_share_shrunk", "cn_share", end) && (i => column.cn_share_shrunk[i] + column[end][i] - column.cn_share[i]);
    }
    case "location_quotient": return all("cn_share") && (world >= 0 ? (i, t) => column.cn_share[i] / column.cn_share[world * periods + t]
      : (i, t, own, { across }) => across[t] < 0 ? NaN : column.cn_share[i] * (own[across[t]] / column.cn_share[across[t]]));
  }
  const [, when, end] = /^change_(previous|year)(_low|_high)?$/.exec(name) || [];
  return when && all("cn_share", ...(end ? ["cn_share_low", "cn_share_high"] : [])) && change(when === "year" ? year_before : before, { _low: -1, _high: 1 }[end] || 0);
}

/** Columns of a packed grid: a figure a cell, NaN for none; texts stand beside their column. */
function figuresOf(packed) {
  const { bytes, start, regions: count, periods, columns } = packed, cells = count * periods, size = cells + 7 >> 3;
  const column = {}, texts = {};
  const filled = Array.from({ length: packed.masks }, (_, mask) => {
    const found = [];
    for (let i = 0, from = start + mask * size; i < cells; i++) if (bytes[from + (i >> 3)] >> (i & 7) & 1) found.push(i);
    return found;
  });
  let at = start + packed.masks * size;
  for (const { name, scale, mask, planes, texts: own } of columns) {
    const there = filled[mask], rest = integers(bytes, at, there.length, planes), out = new Float64Array(cells).fill(NaN), guess = formula(name, column, packed);
    at += there.length * planes;
    // The last cells that a formula can lean on: of the period among regions before, and of the region.
    const lean = { n_cn: "n", n_both: "n", n_other: "n", n_unknown: "n", cn_per_1000_developers: "n_cn", bound_low: "n_cn", bound_high: "n_us", location_quotient: "cn_share" }[name];
    const last = { across: new Float64Array(periods).fill(-1) };
    for (let k = 0, of = -1, before; k < there.length; k++) {
      const i = there[k], region = Math.floor(i / periods), t = i - region * periods;
      if (region !== of) {
        of = region;
        before = 0;
        last.cell = -1;
      }
      const expected = guess ? Math.floor(guess(i, t, out, last) * scale + 0.5) : NaN;
      before = (Number.isFinite(expected) && Math.abs(expected) < 2 ** 40 ? expected : before) + rest[k];
      out[i] = before / scale;
      const end = name === "bound_low" ? out[i] : name === "bound_high" ? 1 - out[i] : 1;
      if (end > 0 && (lean ? column[lean]?.[i] > 0 : name !== "cn_share_shrunk" || !Number.isNaN(column.cn_share?.[i]))) last.cell = last.across[t] = i;
    }
    column[name] = out;
    if (own) texts[name] = own;
  }
  let place = 0;
  return { slots: new Map(packed.steps.map((step, slot) => [place += step, slot])), periods, column, texts };
}
