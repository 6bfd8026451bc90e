import { describe, expect, it } from 'vitest'
import { blank, columnsOf, doneOf, mappingOf, minutesOf, spanOf, withSpans } from './campaigns'

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
  })
})

it('counts who is over', () => {
  expect(doneOf({ waiting: 3, dialling: 1, reached: 5, invalid: 1 })).toEqual({ done: 6, all: 10 })
  expect(doneOf(null)).toEqual({ done: 0, all: 0 })
})
