import { describe, expect, test } from 'vitest'
import type { Turn } from '../api/types'
import { zh } from '../i18n/zh-CN'
import { en } from '../i18n/en'
import { callerMoods, special } from './mood'

const turn = (index: number, speaker: Turn['speaker'], emotion?: string): Turn => ({ call: 'A', index, speaker, text: '', start_ms: index, end_ms: index, ...(emotion ? { emotion } : {}) })

describe("a caller's mood", () => {
  test('is with what he said, as the bot read it while it answered', () => {
    const moods = callerMoods([turn(1, 'bot'), turn(2, 'caller'), turn(3, 'bot', 'impatient'), turn(4, 'caller', 'happy'), turn(5, 'bot', 'angry'), turn(6, 'agent'), turn(7, 'caller', 'sad')])
    expect([...moods]).toEqual([[2, 'impatient'], [4, 'angry'], [7, 'sad']])
  })

  test('is told apart from none', () => {
    expect(['calm', 'neutral', undefined, 'angry'].map(special)).toEqual(['', '', '', 'angry'])
  })

  test('has a name in each language, whichever the bot reads', () => {
    for (const mood of ['calm', 'confused', 'impatient', 'angry', 'sad', 'happy', 'neutral']) {
      expect(Object.keys(zh.mood), mood).toContain(mood)
      expect(Object.keys(en.mood), mood).toContain(mood)
    }
  })
})
