import type { CallDetail, Mark, Turn } from '../api/types'
import { callerMoods, special } from './mood'

/** Why a call was handed over, as the bot says it; '' when it does not. */
export function callReason(c: CallDetail | undefined): string {
  return c?.transfer_reason ?? ''
}

/** The mood that the caller was last heard in, unless it is nothing special. */
export function lastMood(c: CallDetail | undefined): string {
  return special([...callerMoods(c?.turns ?? []).values()].at(-1))
}

export interface Parts {
  before: { turns: Turn[]; marks: Mark[] }
  after: { turns: Turn[]; marks: Mark[] }
}

/** A conversation, parted where an agent came in: what the bot did stands folded above. */
export function parted(c: CallDetail): Parts {
  const at = c.timeline.find((m) => m.kind === 'bridge' && typeof m.data?.['agent'] === 'string')?.ms ?? Infinity
  return {
    before: { turns: c.turns.filter((t) => t.start_ms < at), marks: c.timeline.filter((m) => m.ms < at) },
    after: { turns: c.turns.filter((t) => t.start_ms >= at), marks: c.timeline.filter((m) => m.ms >= at) },
  }
}

/** Where a consultation or a conference stands, as the timeline tells. */
export function guest(c: CallDetail | undefined): { state: 'none' | 'asking' | 'consulting' | 'conference'; who: string } {
  let state: 'none' | 'asking' | 'consulting' | 'conference' = 'none'
  let who = ''
  for (const m of c?.timeline ?? []) {
    if (m.kind !== 'transfer') continue
    const agent = typeof m.data?.['agent'] === 'string' ? m.data['agent'] : ''
    switch (m.data?.['state']) {
      case 'asking': state = 'asking'; who = agent; break
      case 'consulting': state = 'consulting'; who = agent; break
      case 'conference': state = 'conference'; who = agent; break
      case 'refused': case 'cancelled': case 'completed': case 'left': case 'agent_gone': state = 'none'; break
    }
  }
  return { state, who }
}
