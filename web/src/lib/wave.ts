/** Peaks (0–100) in n columns; each column is the loudest of what falls into it. */
export function columns(peaks: number[], n: number): number[] {
  const out = new Array<number>(n).fill(0)
  for (let i = 0; i < n; i++) {
    const from = Math.floor((i * peaks.length) / n)
    const to = Math.max(from + 1, Math.floor(((i + 1) * peaks.length) / n))
    for (let k = from; k < to && k < peaks.length; k++) out[i] = Math.max(out[i] ?? 0, peaks[k] ?? 0)
  }
  return out
}

/** Quiet speech is still to be seen: a square root between silence and full. */
export function height(peak: number, full: number): number {
  return peak <= 0 ? 0 : Math.max(1, Math.sqrt(peak / 100) * full)
}

/** An SVG path through values, left to right, 0 at the bottom; top is the value at the upper edge. */
export function sparkline(values: number[], width: number, tall: number, top: number, count = values.length): string {
  if (values.length === 0) return ''
  const x = (i: number): number => (count <= 1 ? 0 : (i * width) / (count - 1))
  const y = (v: number): number => tall - 1 - (top > 0 ? (v / top) * (tall - 2) : 0)
  return values.map((v, i) => `${i === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join('')
}
