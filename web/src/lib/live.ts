import type { Agent, Call, CallDetail, LiveEvent, Mark, Turn, Wish } from '../api/types'

/** Calls in progress, the newest first. */
export type Wall = Call[]

/** The wall after an event; the same one where the event does not touch it. */
export function onWall(wall: Wall, e: LiveEvent): Wall {
  const at = wall.findIndex((c) => c.id === e.call)
  const present = wall[at]
  switch (e.kind) {
    case 'call.started':
    case 'call.updated': {
      const c = e.data as Call
      if (c.ended_at !== undefined) return wall.filter((w) => w.id !== c.id)
      if (!present) return [c, ...wall]
      return wall.map((w) => (w.id === c.id ? { ...c, ...(w.last_turn ? { last_turn: w.last_turn } : {}), ...(w.mood ? { mood: w.mood } : {}) } : w))
    }
    case 'call.ended':
      return present ? wall.filter((c) => c.id !== e.call) : wall
    case 'call.turn': {
      const t = e.data as Turn
      if (!present || (present.last_turn && present.last_turn.index > t.index)) return wall
      return wall.map((c) => (c.id === e.call ? { ...c, last_turn: t, ...(t.emotion ? { mood: t.emotion } : {}) } : c))
    }
    default:
      return wall
  }
}

/** One open call after an event. */
export function onCall(call: CallDetail, e: LiveEvent): CallDetail {
  if (e.call !== call.id) return call
  switch (e.kind) {
    case 'call.started':
    case 'call.updated':
    case 'call.ended':
      return { ...call, ...(e.data as Call) }
    case 'call.turn': {
      const t = e.data as Turn
      const turns = call.turns.filter((x) => x.index !== t.index)
      turns.push(t)
      turns.sort((a, b) => a.index - b.index)
      return { ...call, turns }
    }
    case 'call.event': {
      const mark = JSON.stringify(e.data)
      if (call.timeline.some((m) => JSON.stringify(m) === mark)) return call // it was read already
      return { ...call, timeline: [...call.timeline, e.data as Mark].sort((a, b) => a.ms - b.ms) }
    }
    case 'wish.added':
    case 'wish.changed': {
      const w = e.data as Wish
      return { ...call, wishes: [w, ...call.wishes.filter((x) => x.id !== w.id)] }
    }
    default:
      return call
  }
}

/** An agent after an event, which tells all of his state: a reason, an end and calls that are not in it are over. */
export function onAgent(agent: Agent, e: LiveEvent): Agent {
  const a = e.kind === 'agent.state' ? (e.data as Partial<Agent> | undefined) : undefined
  if (a?.name !== agent.name) return agent
  const after: Agent = { ...agent, ...a, calls: a.calls ?? [] }
  if (a.reason === undefined) delete after.reason
  if (a.until === undefined) delete after.until
  return after
}

/** The open wishes after an event, the newest first. */
export function onWishes(list: Wish[], e: LiveEvent): Wish[] {
  if (e.kind !== 'wish.added' && e.kind !== 'wish.changed') return list
  const w = e.data as Wish
  return [w, ...list.filter((x) => x.id !== w.id)].filter((x) => x.state === 'open')
}

/**
 * What was told of calls a moment ago. A page that begins to read a call may be given it as
 * the database had it just before, and would not hear again of what was told meanwhile.
 */
export class Lately {
  private told: { e: LiveEvent; at: number }[] = []

  keep(e: LiveEvent, at: number): void {
    const most = 50
    if (e.kind === 'call.updated') this.told = [...this.told.slice(1 - most), { e, at }]
  }

  /** The call with what was told since. */
  on(call: CallDetail, since: number): CallDetail {
    return this.told.filter((x) => x.at >= since).reduce((c, x) => onCall(c, x.e), call)
  }
}

/** Who has the call: the bot, a person, or it still rings at one. */
export function holder(c: Call): 'bot' | 'agent' {
  return c.last_turn?.speaker === 'agent' || (c.agent ?? '') !== '' ? 'agent' : 'bot'
}
