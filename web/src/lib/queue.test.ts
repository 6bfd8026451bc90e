import { describe, expect, it } from 'vitest'
import type { Waiting } from '../api/types'
import { reasons, waited, warmth } from './queue'

const caller: Waiting = {
  call: '1', line: 'main', language: 'zh', skill: 'service', asked: true, urgent: false, since: '2026-11-21T08:00:00Z',
  head_start_s: 0, position: 1, wait_s: 60, declined: 0, max_wait_s: 120,
}
const at = (seconds: number): Date => new Date(Date.parse(caller.since) + seconds * 1000)

describe('a caller who waits', () => {
  it('grows warm until his longest wait', () => {
    expect(warmth(caller, at(0))).toBe(0)
    expect(warmth(caller, at(60))).toBe(0.5)
    expect(warmth(caller, at(600))).toBe(1)
    expect(warmth({ ...caller, max_wait_s: 0 }, at(600))).toBe(0)
  })
  it('has not waited less than nothing when clocks differ', () => {
    expect(waited(caller, at(-5))).toBe(0)
  })
  it('says why he goes first', () => {
    expect(reasons({ ...caller, tier: 'vip', urgent: true, risk: 0.7, declined: 2 })).toEqual(['vip', 'urgent', 'complaint', 'asked', 'declined'])
    expect(reasons({ ...caller, asked: false })).toEqual([])
  })
})
