import type { Turn } from '../api/types'

/** A caller's mood where it is worth a word, '' where it is none or as usual. */
export const special = (mood: string | undefined): string => (mood === undefined || mood === 'neutral' || mood === 'calm' ? '' : mood)

/**
 * The moods in which callers said what they said, by the index of the turn. The bot reads a
 * mood from words and voice while it answers, and its turn has it; a recogniser may have
 * heard one already.
 */
export function callerMoods(turns: readonly Turn[]): Map<number, string> {
  const moods = new Map<number, string>()
  let last: number | undefined
  for (const t of [...turns].sort((a, b) => a.index - b.index)) {
    if (t.speaker === 'caller') last = t.index
    if (last !== undefined && t.speaker !== 'agent' && (t.emotion ?? '') !== '') moods.set(last, t.emotion ?? '')
  }
  return moods
}
