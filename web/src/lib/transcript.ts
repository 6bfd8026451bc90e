import type { Mark, Turn } from '../api/types'

/** A line of the transcript: something said, something that happened, or nobody speaking. */
export type Entry =
  | { type: 'turn'; at: number; turn: Turn }
  | { type: 'mark'; at: number; mark: Mark }
  | { type: 'silence'; at: number; ms: number }

/** Marks that a reader wants to see between the sentences; the rest is in the sentences themselves. */
const shown = new Set(['barge_in', 'dtmf', 'transfer', 'bridge', 'hold', 'error', 'hangup', 'ticket', 'callback', 'message', 'flow_step', 'wrap_up'])

/** A pause that is worth a line, ms. */
export const longPause = 4000

/** A response that made the caller wait, ms. */
export const slowResponse = 1200

/** Keys that are pressed within this time of the first are one entry, ms. */
const keysTogether = 8000

/** The keys of a mark. */
export function digits(m: Mark): string {
  const d = m.data?.['digit']
  return typeof d === 'string' || typeof d === 'number' ? String(d) : ''
}

export function entries(turns: Turn[], marks: Mark[]): Entry[] {
  const list: Entry[] = [
    ...turns.map((turn): Entry => ({ type: 'turn', at: turn.start_ms, turn })),
    ...marks.filter((m) => shown.has(m.kind)).map((mark): Entry => ({ type: 'mark', at: mark.ms, mark })),
  ]
  // What began first stands first; of one moment, what happened stands behind what was said.
  list.sort((a, b) => a.at - b.at || Number(a.type === 'mark') - Number(b.type === 'mark'))
  const out: Entry[] = []
  let heard = 0
  for (const e of list) {
    const last = out.at(-1)
    if (e.type === 'mark' && e.mark.kind === 'dtmf' && last?.type === 'mark' && last.mark.kind === 'dtmf' && e.at - last.at < keysTogether) {
      // Keys come one by one and are read together.
      out[out.length - 1] = { ...last, mark: { ...last.mark, data: { digit: digits(last.mark) + digits(e.mark) } } }
      continue
    }
    if (e.type === 'turn') {
      if (e.at - heard >= longPause) {
        // What happens in a pause stands behind its beginning.
        let place = out.length
        while (place > 0 && (out[place - 1]?.at ?? 0) > heard) place--
        out.splice(place, 0, { type: 'silence', at: heard, ms: e.at - heard })
      }
      heard = Math.max(heard, e.turn.end_ms)
    }
    out.push(e)
  }
  return out
}

/** The turn that sounds at ms: the last one that began, until it is over. */
export function turnAt(turns: Turn[], ms: number): Turn | undefined {
  let found: Turn | undefined
  for (const t of turns) {
    if (t.start_ms <= ms && ms < t.end_ms && (!found || t.start_ms >= found.start_ms)) found = t
  }
  return found
}

/** What of a sentence was not heard because the caller spoke over it. */
export function unheard(t: Turn): string {
  if (t.heard === undefined || t.heard === '' || t.heard === t.text) return ''
  return t.text.startsWith(t.heard) ? t.text.slice(t.heard.length) : ''
}

/** Where a recording named as "path#t=12.5,20.1" begins, ms; undefined for a whole one. */
export function startOf(recording: string | undefined): number | undefined {
  const m = /#t=(\d+(?:\.\d+)?)/.exec(recording ?? '')
  return m ? Math.round(Number(m[1]) * 1000) : undefined
}

export interface Share {
  key: 'endpoint' | 'think' | 'synthesize' | 'play' | 'other'
  ms: number
}

/** Where a response's time went; decoding runs while the turn's end is awaited, so it is no share of its own. */
export function shares(t: Turn): Share[] {
  const g = t.timing
  const whole = t.response_ms ?? 0
  if (!g || whole <= 0) return []
  const list: Share[] = [
    { key: 'endpoint', ms: g.endpoint_ms },
    { key: 'think', ms: g.think_ms },
    { key: 'synthesize', ms: g.synthesize_ms },
    { key: 'play', ms: g.play_ms },
  ]
  const rest = whole - list.reduce((n, s) => n + s.ms, 0)
  if (rest > 20) list.push({ key: 'other', ms: rest })
  return list.filter((s) => s.ms > 0)
}
