// A drawing of a directed graph in layers, from top to bottom: each step below those
// that lead to it, lines that skip layers led between the boxes, and what leads back up
// at the side.

export interface Edge {
  from: string
  to: string
  label?: string
}

export interface Placed {
  id: string
  x: number // of its left upper corner
  y: number
}

export interface Line {
  from: string
  to: string
  label: string
  path: string // of SVG
  x: number // of the label's middle
  y: number
}

export interface Drawing {
  boxes: Placed[]
  lines: Line[]
  width: number
  height: number
}

export interface Sizes {
  width: number // of a box
  height: number
  gap: number // between neighbours
  layer: number // between layers
}

interface Cell {
  id: string // '' for a line that passes
  layer: number
  x: number // of its middle
  up: Cell[]
  down: Cell[]
}

/** Lays out boxes and lines. The first of ids is the top. */
export function layered(ids: string[], edges: Edge[], size: Sizes): Drawing {
  const known = new Set(ids)
  const all = edges.filter((e) => known.has(e.from) && known.has(e.to))
  const out = new Map<string, Edge[]>(ids.map((id) => [id, []]))
  for (const e of all) out.get(e.from)?.push(e)

  // What leads back to where one comes from does not count for the layers.
  const state = new Map<string, 1 | 2>()
  const back = new Set<Edge>()
  const order: string[] = []
  const visit = (id: string): void => {
    state.set(id, 1)
    for (const e of out.get(id) ?? []) {
      const s = state.get(e.to)
      if (s === 1) back.add(e)
      else if (s === undefined) visit(e.to)
    }
    state.set(id, 2)
    order.unshift(id)
  }
  for (const id of ids) if (!state.has(id)) visit(id)

  const layer = new Map<string, number>(ids.map((id) => [id, 0]))
  for (const id of order) {
    for (const e of out.get(id) ?? []) {
      if (!back.has(e)) layer.set(e.to, Math.max(layer.get(e.to) ?? 0, (layer.get(id) ?? 0) + 1))
    }
  }

  const cells = new Map<string, Cell>()
  const layers: Cell[][] = []
  const put = (c: Cell): Cell => {
    while (layers.length <= c.layer) layers.push([])
    layers[c.layer]?.push(c)
    return c
  }
  for (const id of order) cells.set(id, put({ id, layer: layer.get(id) ?? 0, x: 0, up: [], down: [] }))
  const join = (a: Cell, b: Cell): void => {
    a.down.push(b)
    b.up.push(a)
  }
  const routes: { edge: Edge; cells: Cell[] }[] = []
  for (const e of all) {
    const from = cells.get(e.from)
    const to = cells.get(e.to)
    if (!from || !to || back.has(e)) continue
    const route = [from]
    for (let l = from.layer + 1; l < to.layer; l++) {
      const pass = put({ id: '', layer: l, x: 0, up: [], down: [] })
      join(route[route.length - 1] ?? from, pass)
      route.push(pass)
    }
    join(route[route.length - 1] ?? from, to)
    route.push(to)
    routes.push({ edge: e, cells: route })
  }

  // Neighbours of neighbours come to stand near each other (barycentres, to and fro).
  const mean = (list: Cell[], of: (c: Cell) => number): number | undefined =>
    list.length === 0 ? undefined : list.reduce((sum, c) => sum + of(c), 0) / list.length
  const place = new Map<Cell, number>()
  const number = (l: Cell[]): void => { l.forEach((c, i) => place.set(c, i)) }
  layers.forEach(number)
  for (let round = 0; round < 12; round++) {
    const down = round % 2 === 0
    for (const l of down ? layers : [...layers].reverse()) {
      const key = new Map(l.map((c) => [c, mean(down ? c.up : c.down, (n) => place.get(n) ?? 0) ?? place.get(c) ?? 0]))
      l.sort((a, b) => (key.get(a) ?? 0) - (key.get(b) ?? 0))
      number(l)
    }
  }

  // Each comes as near to the middle of its neighbours as those beside it allow.
  const wide = (c: Cell): number => (c.id === '' ? 12 : size.width)
  const apart = (a: Cell, b: Cell): number => (wide(a) + wide(b)) / 2 + size.gap
  for (const l of layers) {
    let x = 0
    l.forEach((c, i) => {
      const before = l[i - 1]
      x = before ? x + apart(before, c) : 0
      c.x = x
    })
    for (const c of l) c.x -= x / 2
  }
  for (let round = 0; round < 24; round++) {
    const down = round % 2 === 0
    for (const l of down ? layers : [...layers].reverse()) {
      const want = l.map((c) => mean(down ? c.up : c.down, (n) => n.x) ?? c.x)
      const right: number[] = []
      const left: number[] = []
      l.forEach((c, i) => {
        const before = l[i - 1]
        right[i] = before ? Math.max(want[i] ?? 0, (right[i - 1] ?? 0) + apart(before, c)) : want[i] ?? 0
      })
      for (let i = l.length - 1; i >= 0; i--) {
        const c = l[i]
        const after = l[i + 1]
        if (c) left[i] = after ? Math.min(want[i] ?? 0, (left[i + 1] ?? 0) - apart(c, after)) : want[i] ?? 0
      }
      l.forEach((c, i) => { c.x = ((right[i] ?? 0) + (left[i] ?? 0)) / 2 })
    }
  }

  const margin = 24
  const every = layers.flat()
  const least = Math.min(...every.map((c) => c.x - wide(c) / 2), 0)
  const most = Math.max(...every.map((c) => c.x + wide(c) / 2), 0)
  for (const c of every) c.x += margin - least
  const step = size.height + size.layer
  const top = (c: Cell): number => margin + c.layer * step
  const edgeOfAll = most - least + margin

  const n = (v: number): string => v.toFixed(1)
  const lines: Line[] = routes.map(({ edge, cells: route }) => {
    const from = route[0]
    if (!from) return { from: edge.from, to: edge.to, label: '', path: '', x: 0, y: 0 }
    const siblings = [...from.down].sort((a, b) => a.x - b.x)
    const at = siblings.indexOf(route[1] ?? from)
    // Lines leave a box side by side, so that their labels do not lie on each other.
    const start = from.x + (siblings.length > 1 ? ((at + 0.5) / siblings.length - 0.5) * size.width * 0.7 : 0)
    let x = start
    let y = top(from) + size.height
    let path = `M${n(x)} ${n(y)}`
    let labelX = x
    let labelY = y
    route.slice(1).forEach((c, i) => {
      const last = c.id !== ''
      const end = top(c) - (last ? 5 : 0)
      const middle = (y + end) / 2
      path += `C${n(x)} ${n(middle)} ${n(c.x)} ${n(middle)} ${n(c.x)} ${n(end)}`
      if (i === 0) {
        labelX = x + (c.x - x) * 0.5
        labelY = middle
      }
      x = c.x
      y = end
      if (!last) {
        y = top(c) + size.height
        path += `L${n(x)} ${n(y)}`
      }
    })
    return { from: edge.from, to: edge.to, label: edge.label ?? '', path, x: labelX, y: labelY }
  })
  let track = 0
  for (const e of back) {
    const from = cells.get(e.from)
    const to = cells.get(e.to)
    if (!from || !to) continue
    track++
    const x = edgeOfAll + track * 14
    const y1 = top(from) + size.height / 2
    const y2 = top(to) + size.height / 2
    const r = 8
    lines.push({
      from: e.from, to: e.to, label: e.label ?? '', x, y: (y1 + y2) / 2,
      path: `M${n(from.x + size.width / 2)} ${n(y1)}H${n(x - r)}Q${n(x)} ${n(y1)} ${n(x)} ${n(y1 - r)}V${n(y2 + r)}Q${n(x)} ${n(y2)} ${n(x - r)} ${n(y2)}H${n(to.x + size.width / 2 + 5)}`,
    })
  }
  return {
    boxes: [...cells.values()].map((c) => ({ id: c.id, x: c.x - size.width / 2, y: top(c) })),
    lines,
    width: edgeOfAll + margin + track * 14 + (track > 0 ? 30 : 0),
    height: margin * 2 + layers.length * step - size.layer,
  }
}

/** Breaks text into lines that fit, the last with an ellipsis. A Chinese character is two wide. */
export function wrapped(text: string, width: number, count: number): string[] {
  const wide = (c: string): number => ((c.codePointAt(0) ?? 0) > 0x2e7f ? 2 : 1)
  const out: string[] = []
  let line = ''
  let used = 0
  const words = text.match(/[\x21-\u2e7f]+|\s+|[^\x00-\u2e7f]/gu) ?? []
  const push = (): void => {
    out.push(line.trim())
    line = ''
    used = 0
  }
  for (const word of words) {
    const length = [...word].reduce((sum, c) => sum + wide(c), 0)
    if (used + length > width && used > 0) push()
    for (const c of word) {
      if (used + wide(c) > width) push()
      line += c
      used += wide(c)
    }
  }
  if (line.trim() !== '') push()
  if (out.length <= count) return out
  const kept = out.slice(0, count)
  const last = [...(kept[count - 1] ?? '')]
  while (last.reduce((sum, c) => sum + wide(c), 0) > width - 1) last.pop()
  kept[count - 1] = `${last.join('')}…`
  return kept
}
