// The generator in the page: what `quantise` packed, and its arithmetic.

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function floatsOf(base64) {
  return new Float32Array(bytesOf(base64).buffer);
}

/** The layers that `quantise` packed: for all rows scales, then biases, float32; then weights. */
export async function unpack({ widths, packed }) {
  const inflated = new Blob([bytesOf(packed)])
    .stream()
    .pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(inflated).arrayBuffer();
  const rows = widths.slice(1).reduce((sum, width) => sum + width, 0);
  let row = 0;
  let byte = 8 * rows;
  return widths.slice(1).map((width, k) => {
    const layer = {
      scales: new Float32Array(buffer, 4 * row, width),
      biases: new Float32Array(buffer, 4 * (rows + row), width),
      weights: new Int8Array(buffer, byte, width * widths[k]),
    };
    row += width;
    byte += layer.weights.length;
    return layer;
  });
}

/** The layers of each class, which adds to the first one's biases; one entry without classes. */
export function ofEachClass(layers, { offsets }) {
  if (!offsets) return [layers];
  const [first, ...others] = layers;
  const units = first.biases.length;
  const { buffer } = bytesOf(offsets);
  const classes = buffer.byteLength / (4 + units);
  const q = new Int8Array(buffer, 4 * classes);
  return Array.from(new Float32Array(buffer, 0, classes), (scale, label) => {
    const biases = Float64Array.from(first.biases, (b, i) => b + scale * q[label * units + i]);
    return [{ ...first, biases }, ...others];
  });
}

/** z -> grey levels from 0 to 255: Linear, LeakyReLU(0.2), ..., Linear, tanh. */
export function draw(layers, z) {
  let x = Float64Array.from(z);
  layers.forEach(({ scales, biases, weights }, k) => {
    const y = new Float64Array(scales.length);
    for (let i = 0, at = 0; i < y.length; i++) {
      let sum = 0;
      for (let j = 0; j < x.length; j++) sum += weights[at++] * x[j];
      const a = scales[i] * sum + biases[i];
      y[i] = k === layers.length - 1 ? Math.tanh(a) : a > 0 ? a : 0.2 * a;
    }
    x = y;
  });
  return Uint8ClampedArray.from(x, (value) => Math.round((value + 1) * 127.5));
}
