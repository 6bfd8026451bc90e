import { describe, expect, test } from 'vitest'
import { fromAddress, isFiltered, toAddress, toQuery, type CallFilter } from './filter'

const none: CallFilter = { number: '', outcomes: [], line: '', from: '', to: '', sort: 'started', order: 'desc' }

describe('the address holds the filter', () => {
  test('nothing is nothing', () => {
    expect(fromAddress({})).toEqual(none)
    expect(toAddress(none)).toEqual({})
    expect(isFiltered(none)).toBe(false)
  })

  test('there and back', () => {
    const f: CallFilter = { number: '8000', outcomes: ['resolved', 'abandoned'], line: 'main', from: '2026-03-01', to: '2026-03-02', sort: 'duration', order: 'asc' }
    expect(fromAddress(toAddress(f) as Record<string, string>)).toEqual(f)
    expect(isFiltered(f)).toBe(true)
  })

  test('what somebody typed into the address does no harm', () => {
    expect(fromAddress({ outcome: 'great,resolved', from: 'yesterday', to: '2026-13-45', sort: 'caller', order: 'up', number: null, line: ['a', 'b'] }))
      .toEqual({ ...none, outcomes: ['resolved'], line: 'a' })
  })

  test('days are those of the reader, the last one whole', () => {
    const q = toQuery({ ...none, from: '2026-03-01', to: '2026-03-02' })
    expect(q['from']).toBe(new Date(2026, 2, 1).toISOString())
    expect(q['to']).toBe(new Date(2026, 2, 3).toISOString())
  })
})
