import { expect, test } from 'vitest'
import { loudness } from './loudness'

test('silence is nothing, a full tone is all', () => {
  expect(loudness(new Float32Array(480))).toBe(0)
  expect(loudness(new Float32Array())).toBe(0)
  const tone = Float32Array.from({ length: 480 }, (_, i) => Math.sin(i / 5))
  expect(loudness(tone)).toBe(1)
  const soft = loudness(tone.map((x) => x * 0.02))
  expect(soft).toBeGreaterThan(0.3)
  expect(soft).toBeLessThan(0.7)
})
