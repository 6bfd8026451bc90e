import { describe, expect, test } from 'vitest'
import type { Agent, Call, CallDetail, LiveEvent, Mark, Turn, Wish } from '../api/types'
import { holder, Lately, onAgent, onCall, onWall, onWishes } from './live'

const call = (id: string, more: Partial<Call> = {}): Call => ({
  id, line: 'main', language: 'zh', direction: 'inbound', caller: '1', called: '2', started_at: '2026-03-02T04:00:00Z', duration_ms: 0, outcome: 'in_progress',
  media: { received: 0, sent: 0, lost: 0, late: 0, concealed: 0, jitter_ms: 0, loss_rate: 0 }, ...more,
})
const turn = (id: string, index: number, more: Partial<Turn> = {}): Turn => ({ call: id, index, speaker: 'caller', text: `${index}`, start_ms: index * 1000, end_ms: index * 1000 + 500, ...more })
const event = (kind: LiveEvent['kind'], id: string, data: unknown) => ({ kind, at: '2026-03-02T04:00:01Z', call: id, data })

describe('the wall', () => {
  test('a call comes, talks and goes', () => {
    let wall = onWall([call('A')], event('call.started', 'B', call('B')))
    expect(wall.map((c) => c.id)).toEqual(['B', 'A'])
    wall = onWall(wall, event('call.turn', 'A', turn('A', 1)))
    wall = onWall(wall, event('call.turn', 'A', turn('A', 0)))
    expect(wall[1]?.last_turn?.text, 'what comes late is not the last sentence').toBe('1')
    wall = onWall(wall, event('call.updated', 'A', call('A', { agent: 'agent1' })))
    expect(wall[1]?.last_turn?.text, 'an update keeps it').toBe('1')
    wall = onWall(wall, event('call.ended', 'B', call('B', { ended_at: '2026-03-02T04:01:00Z' })))
    expect(wall.map((c) => c.id)).toEqual(['A'])
  })

  test('an event of another call changes nothing', () => {
    const wall = [call('A')]
    expect(onWall(wall, event('call.turn', 'X', turn('X', 1)))).toBe(wall)
    expect(onWall(wall, event('call.ended', 'X', call('X')))).toBe(wall)
    expect(onWall(wall, event('agent.state', '', {}))).toBe(wall)
  })

  test('the mood stays until it changes', () => {
    let wall = onWall([call('A')], event('call.turn', 'A', turn('A', 0, { emotion: 'upset' })))
    wall = onWall(wall, event('call.turn', 'A', turn('A', 1, { speaker: 'bot' })))
    expect(wall[0]?.mood).toBe('upset')
    wall = onWall(wall, event('call.updated', 'A', call('A')))
    expect(wall[0]?.mood).toBe('upset')
    wall = onWall(wall, event('call.turn', 'A', turn('A', 2, { emotion: 'neutral' })))
    expect(wall[0]?.mood).toBe('neutral')
  })

  test('who has the call', () => {
    expect(holder(call('A'))).toBe('bot')
    expect(holder(call('A', { agent: 'agent1' }))).toBe('agent')
    expect(holder(call('A', { last_turn: turn('A', 1, { speaker: 'agent' }) }))).toBe('agent')
  })
})

test('an agent is what was told of him last, and nothing of before', () => {
  const rests: Agent = { name: 'li', display_name: '小李', skills: ['service'], state: 'break', reason: 'lunch', since: '2026-03-02T04:00:00Z', until: '2026-03-02T05:00:00Z', calls: ['A'], contacts: 1 }
  expect(onAgent(rests, event('agent.state', '', { name: 'wang', state: 'ready' }))).toBe(rests)
  expect(onAgent(rests, event('agent.state', '', { name: 'li', skills: ['service'], state: 'ready', since: '2026-03-02T04:10:00Z' })))
    .toEqual({ name: 'li', display_name: '小李', skills: ['service'], state: 'ready', since: '2026-03-02T04:10:00Z', calls: [], contacts: 1 })
})

test('wishes that are done leave the list of the open ones', () => {
  const wish = (id: string, state: Wish['state']) => ({ id, state }) as Wish
  const list = onWishes([wish('a', 'open')], event('wish.added', '', wish('b', 'open')))
  expect(list.map((w) => w.id)).toEqual(['b', 'a'])
  expect(onWishes(list, event('wish.changed', '', wish('a', 'done'))).map((w) => w.id)).toEqual(['b'])
  expect(onWishes(list, event('call.turn', 'A', {}))).toBe(list)
})

describe('an open call', () => {
  const open: CallDetail = { ...call('A'), turns: [turn('A', 0)], timeline: [], wishes: [], tickets: [] }

  test('grows in order, and a turn told again is replaced', () => {
    let c = onCall(open, event('call.turn', 'A', turn('A', 2)))
    c = onCall(c, event('call.turn', 'A', turn('A', 1)))
    c = onCall(c, event('call.turn', 'A', turn('A', 0, { heard: 'x' })))
    expect(c.turns.map((t) => t.index)).toEqual([0, 1, 2])
    expect(c.turns[0]?.heard).toBe('x')
    c = onCall(c, event('call.event', 'A', { ms: 900, kind: 'dtmf' } satisfies Mark))
    c = onCall(c, event('call.event', 'A', { ms: 100, kind: 'hold' } satisfies Mark))
    expect(c.timeline.map((m) => m.ms)).toEqual([100, 900])
    c = onCall(c, event('call.event', 'A', { ms: 900, kind: 'dtmf' } satisfies Mark))
    expect(c.timeline.map((m) => m.ms), 'what was read already').toEqual([100, 900])
  })

  test('the end keeps what was said', () => {
    const c = onCall(open, event('call.ended', 'A', call('A', { outcome: 'resolved', ended_at: '2026-03-02T04:01:00Z' })))
    expect(c.outcome).toBe('resolved')
    expect(c.turns).toHaveLength(1)
    expect(onCall(open, event('call.ended', 'B', call('B')))).toBe(open)
  })
})

describe('a call that is read while it changes', () => {
  const detail = { ...call('A'), turns: [], timeline: [], wishes: [] } as unknown as CallDetail

  test('has what was told before the reading was over', () => {
    const lately = new Lately()
    lately.keep(event('call.updated', 'A', call('A', { summary: 'an old one' })), 1000)
    lately.keep(event('call.updated', 'A', call('A', { summary: 'one earphone is silent' })), 5000)
    lately.keep(event('call.updated', 'B', call('B', { summary: 'of another call' })), 5001)
    expect(lately.on(detail, 4000).summary).toBe('one earphone is silent')
    expect(lately.on(detail, 6000).summary, 'what was told long before is in what was read').toBeUndefined()
  })

  test('remembers but few', () => {
    const lately = new Lately()
    lately.keep(event('call.updated', 'A', call('A', { summary: 'lost' })), 1)
    for (let i = 0; i < 60; i++) lately.keep(event('call.updated', 'B', call('B')), 2)
    expect(lately.on(detail, 0).summary).toBeUndefined()
  })
})
