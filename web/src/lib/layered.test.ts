import { describe, expect, test } from 'vitest'
import { layered, wrapped, type Edge } from './layered'

const size = { width: 100, height: 40, gap: 20, layer: 40 }

// Numbers that only seem random, so that a failure comes again.
function graph(seed: number, nodes: number): { ids: string[]; edges: Edge[] } {
  let s = seed
  const next = (n: number): number => {
    s = (s * 1103515245 + 12345) % 2147483648
    return s % n
  }
  const ids = Array.from({ length: nodes }, (_, i) => `n${String(i)}`)
  const edges: Edge[] = []
  for (let i = 1; i < nodes; i++) edges.push({ from: ids[next(i)] ?? '', to: ids[i] ?? '', label: 'x' })
  for (let i = 0; i < nodes / 2; i++) edges.push({ from: ids[next(nodes)] ?? '', to: ids[next(nodes)] ?? '' })
  return { ids, edges: edges.filter((e) => e.from !== e.to) }
}

describe('a drawing in layers', () => {
  test('no box lies on another, every line is drawn, all within its size', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { ids, edges } = graph(seed, 3 + (seed % 22))
      const d = layered(ids, edges, size)
      expect(d.boxes.map((b) => b.id).sort()).toEqual([...ids].sort())
      expect(d.lines).toHaveLength(edges.length)
      for (const [i, a] of d.boxes.entries()) {
        expect(a.x >= 0 && a.y >= 0 && a.x + size.width <= d.width && a.y + size.height <= d.height).toBe(true)
        for (const b of d.boxes.slice(i + 1)) {
          expect(Math.abs(a.x - b.x) >= size.width - 0.01 || Math.abs(a.y - b.y) >= size.height, `seed ${String(seed)}: ${a.id} ${b.id}`).toBe(true)
        }
      }
      for (const l of d.lines) expect(l.path).toMatch(/^M[\d.-]+ [\d.-]+[CH]/)
    }
  })

  test('what follows stands below, a way back goes along the side', () => {
    const d = layered(['a', 'b', 'c'], [{ from: 'a', to: 'b' }, { from: 'b', to: 'c' }, { from: 'c', to: 'b', label: 'again' }], size)
    const at = new Map(d.boxes.map((b) => [b.id, b.y]))
    expect(at.get('a')).toBeLessThan(at.get('b') ?? 0)
    expect(at.get('b')).toBeLessThan(at.get('c') ?? 0)
    const again = d.lines.find((l) => l.label === 'again')
    expect(again?.x).toBeGreaterThan(Math.max(...d.boxes.map((b) => b.x + size.width)))
  })

  test('an empty one is nothing', () => {
    expect(layered([], [], size).boxes).toEqual([])
  })
})

test('text is broken into lines that fit', () => {
  expect(wrapped('short', 10, 2)).toEqual(['short'])
  expect(wrapped('the order number please', 10, 3)).toEqual(['the order', 'number', 'please'])
  expect(wrapped('请说订单号后四位就行', 8, 2)).toEqual(['请说订单', '号后四…'])
  expect(wrapped('', 8, 2)).toEqual([])
})
