import { describe, expect, it } from 'vitest'
import type { RuleLine, Rules } from '../api/rules'
import { listed, meanings, problemAt, tongues } from './rules'

const none: Rules = {
  hours: { daily: '', weekdays: '', weekend: '', monday: '', tuesday: '', wednesday: '', thursday: '', friday: '', saturday: '', sunday: '', spoken: '', holidays: [], workdays: [] },
  strategy: 'longest-idle', ring_s: 20, max_wait_s: 60, max_waiting: 0, wrap_up_s: 0, no_answer_s: 0, no_answer_stays: false, last_agent_s: 0,
  announce_every_s: 0, callback_after_s: 0, message_s: 120,
  head_start: { vip_s: 0, asked_s: 0, urgent_s: 0, upset_s: 0, complaint_s: 0, complaint_from: 0, kinds: {}, skills: {}, times: [] },
  vip: [], overflow: [], share: { busy_waiting: 0, busy_wait_s: 0, calm_waiting: 0, calm_wait_s: 0, idle_agents: 0, idle_bot: 0, least_s: 0 },
  rollout: [], greeting: {}, urgent: [], skills: [], agents: [], lines: [], voices: {},
}

describe('what rules mean', () => {
  it('says who is rung and what happens then where nothing is set', () => {
    expect(meanings(none).map((m) => m.key)).toEqual(['byIdle', 'maxWait', 'rest'])
  })
  it('says who overtakes whom, and by how much', () => {
    const all = meanings({ ...none, head_start: { ...none.head_start, vip_s: 300, upset_s: 60 } })
    expect(all.find((m) => m.key === 'overtakes')).toEqual({ key: 'overtakes', times: { wait: 60, other: 300 }, values: { first: 'vip', second: 'upset' } })
  })
  it('warns of help that comes too late', () => {
    expect(meanings({ ...none, overflow: [{ after_s: 90, skill: 'x' }, { after_s: 30, team: 'y' }] }).map((m) => m.key).slice(1, 3)).toEqual(['overflowTeam', 'overflowLate'])
  })
})

it('says by which line the callers of another language go on', () => {
  const line = (name: string, language: string, other: string[] = []): RuleLine => ({
    was: name, name, numbers: [], default: false, language, voice: '', rate: 0, disclosure: '', greeting: '', outbound: '', other_languages: other,
  })
  const speak = { main: 'zh', hotline: 'en' }
  const lines = [line('main', '', ['hotline']), line('hotline', '')]
  const of = (l: RuleLine): unknown => tongues(l, lines, speak, ['zh', 'en'])
  expect(of(line('main', '', ['hotline']))).toEqual([{ language: 'en', line: 'hotline' }])
  expect(of(line('main', ''))).toEqual([{ language: 'en', line: '' }])
  expect(of(line('main', '', ['gone']))).toEqual([{ language: 'en', line: '' }])
  expect(of(line('main', 'en', ['hotline'])), 'it is changed to English').toEqual([{ language: 'zh', line: '' }])
})

it('finds the problem of a field, the error first', () => {
  const list = [{ field: 'queue.overflow[0].after', severity: 'warning' }, { field: 'queue.overflow[0].team', severity: 'error' }]
  expect(problemAt(list, 'queue.overflow[0]')?.severity).toBe('error')
  expect(problemAt(list, 'queue.over')).toBeUndefined()
})

it('reads lists as people write them', () => {
  expect(listed('138, 139，\n 137；')).toEqual(['138', '139', '137'])
})
