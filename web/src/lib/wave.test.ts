import { describe, expect, test } from 'vitest'
import { columns, height, sparkline } from './wave'

describe('the waveform', () => {
  test('a column is as loud as its loudest part', () => {
    expect(columns([1, 9, 2, 3], 2)).toEqual([9, 3])
    expect(columns([5], 3)).toEqual([5, 5, 5])
    expect(columns([], 3)).toEqual([0, 0, 0])
  })

  test('quiet speech is seen, silence is flat', () => {
    expect(height(0, 40)).toBe(0)
    expect(height(1, 40)).toBeGreaterThanOrEqual(1)
    expect(height(100, 40)).toBe(40)
  })
})

describe('a sparkline', () => {
  test('spans what it is compared with', () => {
    expect(sparkline([0, 2], 100, 22, 2, 5)).toBe('M0.0 21.0L25.0 1.0')
    expect(sparkline([], 100, 22, 2)).toBe('')
    expect(sparkline([0], 100, 22, 0)).toBe('M0.0 21.0')
  })
})
