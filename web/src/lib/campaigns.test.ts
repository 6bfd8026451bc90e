import { describe, expect, it } from 'vitest'
import type { Bounds } from '../api/campaigns'
import { blank, columnsOf, doneOf, exceeds, mappingOf, minutesOf, spanOf, withSpans } from './campaigns'

describe('hours', () => {
  it('reads clocks', () => {
    expect(minutesOf('09:30')).toBe(570)
    expect(minutesOf('24:00')).toBe(1440)
    for (const wrong of ['', '9', '25:00', '09:75', 'nine']) expect(minutesOf(wrong)).toBeUndefined()
  })
  it('has the server\'s own where none are set', () => {
    const c = blank('main')
    c.windows.days = [null, null, null, null, null, null, null]
    expect(spanOf(c, 1)).toEqual({ From: 540, To: 1200 })
    c.windows.days = withSpans({ From: 600, To: 660 }, undefined)
    expect(spanOf(c, 3)).toEqual({ From: 600, To: 660 })
    expect(spanOf(c, 0)).toBeUndefined()
  })
})

describe('columns', () => {
  it('go there and back', () => {
    const m = { header: true, number: 1, name: 0, zone: -1, rank: -1, agent: -1, fields: { '3': '预约时间' } }
    const columns = columnsOf(m, 4)
    expect(columns).toEqual(['name', 'number', '', 'field'])
    expect(mappingOf(true, columns, ['姓名', '手机', '备注', '预约时间'])).toEqual(m)
    expect(mappingOf(true, ['number', 'field'], ['手机', ' ']).fields, 'a column without a heading is called by its place').toEqual({ 1: '2' })
  })
})

it('counts who is over', () => {
  expect(doneOf({ waiting: 3, dialling: 1, reached: 5, invalid: 1 })).toEqual({ done: 6, all: 10 })
  expect(doneOf(null)).toEqual({ done: 0, all: 0 })
})

describe('what the server allows', () => {
  const bounds: Bounds = { hours: ['08:00-12:00', '14:00-21:00'], per_day: 3, per_week: 7, consent: ['marketing'], national: [], per_minute: 60, calls_per_day: 2000, calls: 200, trunks: [{ name: 'a', channels: 10, per_second: 0 }, { name: 'b', channels: 20, per_second: 2 }], settings: [] }
  const day = (from: number, to: number): { From: number; To: number } => ({ From: from * 60, To: to * 60 })
  const told = (change: Partial<ReturnType<typeof blank>>, weekdays = day(9, 12), weekend: ReturnType<typeof day> | undefined = undefined, b = bounds): string[] => exceeds({ ...blank('main'), ...change }, { weekdays, weekend }, b).map((x) => `${x.field} ${x.setting}=${x.value}`)

  it('is kept by a campaign that asks for less', () => {
    expect(told({})).toEqual([])
    expect(told({ concurrency: 30, per_second: 1, caps: { per_day: 3, per_week: 0, per_campaign: 0 } }, day(14, 21), day(8, 12))).toEqual([])
  })
  it('is told field by field', () => {
    expect(told({}, day(9, 20))).toEqual(['weekdays campaigns.hours=08:00-12:00, 14:00-21:00'])
    expect(told({}, day(9, 12), day(7, 9))).toEqual(['weekend campaigns.hours=08:00-12:00, 14:00-21:00'])
    for (const per_day of [0, 4]) expect(told({ caps: { per_day, per_week: 0, per_campaign: 0 } })).toEqual(['day campaigns.max_per_number_per_day=3'])
    expect(told({ concurrency: 31 })).toEqual(['lines trunks.*.channels=30'])
    expect(told({ concurrency: 21, trunk: 'b' })).toEqual(['lines trunks.b.channels=20'])
    expect(told({ concurrency: 201 }, day(9, 12), undefined, { ...bounds, trunks: [] })).toEqual(['lines call.max_calls=200'])
    expect(told({ per_second: 1.5 })).toEqual(['rate outbound.max_calls_per_minute=60'])
    expect(told({ per_second: 3, trunk: 'b' }, day(9, 12), undefined, { ...bounds, per_minute: 0 })).toEqual(['rate trunks.b.calls_per_second=2'])
    expect(told({ purpose: 'marketing' })).toEqual(['purpose campaigns.consent=marketing'])
  })
  it('is no limit where the setting is none', () => {
    const none: Bounds = { ...bounds, hours: [], per_day: 0, per_minute: 0, calls: 0, consent: [], trunks: [{ name: 'a', channels: 0, per_second: 0 }] }
    expect(told({ concurrency: 500, per_second: 50, purpose: 'marketing', caps: { per_day: 0, per_week: 0, per_campaign: 0 } }, day(0, 24), day(0, 24), none)).toEqual([])
  })
})
