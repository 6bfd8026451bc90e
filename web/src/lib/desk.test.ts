import { describe, expect, test } from 'vitest'
import type { CallDetail, Mark, Turn } from '../api/types'
import { guest, lastMood, parted } from './desk'

const turn = (index: number, start_ms: number, speaker: Turn['speaker'], emotion?: string): Turn => ({ call: 'C', index, speaker, text: '', start_ms, end_ms: start_ms + 500, ...(emotion === undefined ? {} : { emotion }) })
const mark = (ms: number, kind: string, state: string, agent = 'agent2'): Mark => ({ ms, kind, data: { state, agent } })
const call = (turns: Turn[], timeline: Mark[]): CallDetail => ({ turns, timeline }) as unknown as CallDetail

describe('the desk', () => {
  test('folds what was before the agent', () => {
    const turns = [turn(0, 0, 'bot'), turn(1, 900, 'caller'), turn(2, 5000, 'agent')]
    const p = parted(call(turns, [{ ms: 4000, kind: 'bridge', data: { agent: 'agent1' } }]))
    expect(p.before.turns.map((t) => t.index)).toEqual([0, 1])
    expect(p.after.turns.map((t) => t.index)).toEqual([2])
    expect(parted(call(turns, [])).after.turns).toEqual([])
  })

  test('knows the mood that was heard last', () => {
    expect(lastMood(call([turn(0, 0, 'caller', 'angry'), turn(1, 9, 'caller')], []))).toBe('angry')
    expect(lastMood(call([turn(0, 0, 'caller', 'angry'), turn(1, 9, 'caller', 'neutral')], []))).toBe('')
    expect(lastMood(undefined)).toBe('')
  })

  test('follows a consultation', () => {
    const steps = [mark(1, 'transfer', 'asking'), mark(2, 'transfer', 'consulting'), mark(3, 'transfer', 'conference'), mark(4, 'transfer', 'cancelled')]
    expect(steps.map((_, i) => guest(call([], steps.slice(0, i + 1))).state)).toEqual(['asking', 'consulting', 'conference', 'none'])
    expect(guest(call([], steps.slice(0, 2))).who).toBe('agent2')
  })
})
