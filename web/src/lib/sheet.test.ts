import { expect, test } from 'vitest'
import type { Finding } from '../api/supervise'
import { total, type SheetLine } from './sheet'

const line = (points: number, state: Finding['state'], given?: number | null, knockout = false): SheetLine =>
  ({ item: { id: 'x', title: 'x', points, knockout }, finding: { item: 'x', state, points: state === 'good' ? points : state === 'partly' ? points / 2 : 0 }, given })

test('a score is the share of the points that could be had', () => {
  expect(total([line(10, 'good'), line(20, 'partly')])).toBe(67)
  expect(total([line(10, 'good'), line(20, 'open'), line(30, 'not_applicable')])).toBe(100)
  expect(total([line(10, 'good', 0), line(10, 'good')])).toBe(50)
  expect(total([line(10, 'failed', null), line(10, 'good')])).toBe(100)
})

test('a knockout counts, unless the reviewer sees it otherwise', () => {
  expect(total([line(10, 'failed', undefined, true), line(90, 'good')])).toBe(0)
  expect(total([line(10, 'failed', 10, true), line(90, 'good')])).toBe(100)
})

test('nothing is no score', () => {
  expect(total([line(10, 'open')])).toBeUndefined()
})
