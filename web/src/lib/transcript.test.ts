import { describe, expect, test } from 'vitest'
import type { Turn } from '../api/types'
import { entries, shares, startOf, turnAt, unheard } from './transcript'

const turn = (index: number, start_ms: number, end_ms: number, more: Partial<Turn> = {}): Turn => ({ call: 'A', index, speaker: 'bot', text: '您好，请问有什么可以帮您？', start_ms, end_ms, ...more })

describe('the transcript', () => {
  test('sentences, marks and long pauses stand in the order of time', () => {
    const list = entries(
      [turn(0, 100, 2000), turn(1, 9000, 10_000)],
      [{ ms: 0, kind: 'answered' }, { ms: 100, kind: 'say_start' }, { ms: 1500, kind: 'barge_in' }, { ms: 10_000, kind: 'hangup' }],
    )
    expect(list.map((e) => (e.type === 'mark' ? e.mark.kind : e.type))).toEqual(['turn', 'barge_in', 'silence', 'turn', 'hangup'])
    expect(list[2]).toEqual({ type: 'silence', at: 2000, ms: 7000 })
  })

  test('what happens in a pause stands behind its beginning', () => {
    const list = entries([turn(0, 0, 2000), turn(1, 9000, 10_000)], [{ ms: 2500, kind: 'transfer' }, { ms: 6000, kind: 'bridge' }])
    expect(list.map((e) => e.at)).toEqual([0, 2000, 2500, 6000, 9000])
  })

  test('two who speak at once are no silence', () => {
    expect(entries([turn(0, 0, 10_000), turn(1, 2000, 3000), turn(2, 11_000, 12_000)], []).some((e) => e.type === 'silence')).toBe(false)
  })

  test('keys that are pressed one after the other are read together', () => {
    const key = (ms: number, digit: string) => ({ ms, kind: 'dtmf', data: { digit } })
    const list = entries([turn(0, 0, 100)], [key(1000, '1'), key(1500, '2'), key(2000, '#'), key(60_000, '0')])
    expect(list.flatMap((e) => (e.type === 'mark' ? [e.mark.data?.['digit']] : []))).toEqual(['12#', '0'])
  })

  test('a message knows where in the recording it begins', () => {
    expect(startOf('recordings/A.wav#t=12.5,20.1')).toBe(12_500)
    expect(startOf('recordings/A.wav')).toBeUndefined()
    expect(startOf(undefined)).toBeUndefined()
  })

  test('the sentence that sounds is the one that began last', () => {
    const turns = [turn(0, 0, 5000), turn(1, 4000, 6000)]
    expect(turnAt(turns, 4500)?.index).toBe(1)
    expect(turnAt(turns, 3999)?.index).toBe(0)
    expect(turnAt(turns, 6000)).toBeUndefined()
  })

  test('what was cut off', () => {
    expect(unheard(turn(0, 0, 1))).toBe('')
    expect(unheard(turn(0, 0, 1, { heard: '您好，' }))).toBe('请问有什么可以帮您？')
    expect(unheard(turn(0, 0, 1, { heard: '别的话' }))).toBe('')
  })

  test('the parts of a response make the whole', () => {
    const timing = { endpoint_ms: 400, decode_ms: 300, queue_ms: 0, think_ms: 10, synthesize_ms: 100, play_ms: 20 }
    const list = shares(turn(1, 0, 1, { response_ms: 600, timing }))
    expect(list.map((s) => s.key)).toEqual(['endpoint', 'think', 'synthesize', 'play', 'other'])
    expect(list.reduce((n, s) => n + s.ms, 0)).toBe(600)
    expect(shares(turn(1, 0, 1))).toEqual([])
  })
})
