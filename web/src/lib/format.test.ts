import { describe, expect, test } from 'vitest'
import { ago, bytes, clock, grouped, masked, midnight, percent, seconds, shortTime } from './format'

describe('what the pages print', () => {
  test.each([[0, '0:00'], [999, '0:00'], [61_000, '1:01'], [3_675_000, '1:01:15'], [-5, '0:00']])('clock %d', (ms, want) => {
    expect(clock(ms)).toBe(want)
  })

  test.each([[640, '0.64'], [994, '0.99'], [995, '1.0'], [1_320, '1.3'], [12_040, '12.0']])('seconds %d', (ms, want) => {
    expect(seconds(ms)).toBe(want)
  })

  test.each([
    ['13812348000', '138****8000'], ['+8613812348000', '+861****8000'], ['sip:13812348000@carrier.example;user=phone', '138****8000'],
    ['021-5555 1234', '021****1234'], ['5551234', '5****34'], ['8000', '8000'], ['alice', 'alice'], ['138****8000', '138****8000'], ['', ''],
  ])('masked %s', (number, want) => {
    expect(masked(number)).toBe(want)
  })

  test('a mobile number is grouped, another is left', () => {
    expect(grouped('13812348000')).toBe('138 1234 8000')
    expect(grouped('+8613812348000')).toBe('138 1234 8000')
    expect(grouped('02155551234')).toBe('02155551234')
  })

  test.each([[0, '0 B'], [999, '999 B'], [2_300_000, '2.3 MB'], [148_000_000, '148 MB'], [999_600, '1.0 MB'], [4e9, '4.0 GB']])('bytes %d', (n, want) => {
    expect(bytes(n)).toBe(want)
  })

  test('a share of nothing is nothing', () => {
    expect(percent(1, 3)).toBe(33)
    expect(percent(0, 0)).toBeUndefined()
  })

  const now = new Date(2026, 2, 2, 12, 0, 0)
  test.each([[10, '现在'], [59, '现在'], [60, '1分钟前'], [7_200, '2小时前'], [86_400, '昨天'], [3 * 86_400, '3天前'], [30 * 86_400, '2026年1月31日']])('%d s ago', (s, want) => {
    expect(ago(new Date(now.getTime() - s * 1000), now, 'zh-CN')).toBe(want)
  })

  test('today has no date', () => {
    expect(shortTime(new Date(2026, 2, 2, 9, 5), now, 'zh-CN')).toBe('09:05')
    expect(shortTime(new Date(2026, 2, 1, 9, 5), now, 'en')).toBe('Mar 1 09:05')
    expect(midnight(now)).toEqual(new Date(2026, 2, 2))
  })
})
