import type { RuleLine, Rules } from '../api/rules'

/** A sentence of the catalogue (rules.means) with what is put into it. */
export interface Meaning {
  key: string
  /** Seconds that are said as a time. */
  times: Record<string, number>
  values: Record<string, string | number>
}

const heads = ['vip', 'urgent', 'complaint', 'upset', 'asked'] as const

/** What rules mean for who calls now, in the order in which a caller meets them. */
export function meanings(r: Rules): Meaning[] {
  const out: Meaning[] = []
  const say = (key: string, times: Record<string, number> = {}, values: Record<string, string | number> = {}): void => { out.push({ key, times, values }) }
  for (const k of heads) {
    const head = r.head_start[`${k}_s`]
    if (head > 0) say(`head_${k}`, { head })
  }
  const longest = heads.map((k) => ({ k, head: r.head_start[`${k}_s`] })).filter((h) => h.head > 0).sort((a, b) => b.head - a.head)
  const [first, second] = longest
  // Head starts are time, so they add up, and who waits long enough still comes first.
  if (first && second && first.head > second.head) say('overtakes', { wait: 60, other: first.head - second.head + 60 }, { first: first.k, second: second.k })
  for (const [kind, head] of Object.entries(r.head_start.kinds)) if (head !== 0) say(head > 0 ? 'kind' : 'kindLater', { head: Math.abs(head) }, { kind })
  for (const t of r.head_start.times) if (t.start_s !== 0) say(t.skill ? 'timeSkill' : 'time', { head: t.start_s }, { during: t.during, skill: t.skill ?? '' })
  if (r.last_agent_s > 0) say('lastAgent', { wait: r.last_agent_s })
  say(r.strategy === 'by-skill-level' ? 'bySkill' : 'byIdle', { ring: r.ring_s })
  for (const o of [...r.overflow].sort((a, b) => a.after_s - b.after_s)) {
    const key = o.skill && o.team ? 'overflowBoth' : o.skill ? 'overflowSkill' : o.team ? 'overflowTeam' : 'overflowAll'
    say(o.after_s >= r.max_wait_s ? 'overflowLate' : key, { wait: o.after_s, most: r.max_wait_s }, { skill: o.skill ?? '', team: o.team ?? '' })
  }
  say('maxWait', { wait: r.max_wait_s })
  if (r.no_answer_stays) say('restStays')
  else say('rest', { rest: r.no_answer_s || 60 })
  if (r.wrap_up_s > 0) say('wrapUp', { wrap: r.wrap_up_s })
  const s = r.share
  if (s.busy_waiting > 0) say('shareBusy', {}, { busy: s.busy_waiting, calm: s.calm_waiting || Math.floor(s.busy_waiting / 2) })
  if (s.idle_agents > 0) say('shareIdle', {}, { idle: s.idle_agents, bot: s.idle_bot })
  for (const x of r.rollout) {
    say(x.scene ? 'rolloutScene' : 'rollout', {}, { line: x.line, scene: x.scene ?? '', bot: x.bot, people: 100 - x.bot })
    if ((x.min_resolved ?? 0) > 0) say('fallback', {}, { percent: Math.round((x.min_resolved ?? 0) * 100), window: x.window ?? 50, to: x.fallback ?? 0 })
  }
  return out
}

/** What a line does with callers who speak another language: on whose line they go on, '' where none is named. */
export function tongues(line: RuleLine, lines: readonly RuleLine[], speak: Record<string, string>, languages: readonly string[]): { language: string; line: string }[] {
  const of = (l: RuleLine | undefined): string => (l ? l.language || (speak[l.was ?? ''] ?? '') : '')
  const own = of(line)
  if (own === '') return []
  return languages.filter((x) => x !== own).map((language) => ({
    language, line: line.other_languages.find((name) => of(lines.find((l) => l.name === name)) === language) ?? '',
  }))
}

/** The problem that belongs to a place of business.yaml, or to one within it. */
export function problemAt<T extends { field: string; severity: string }>(problems: readonly T[], path: string): T | undefined {
  const here = problems.filter((p) => p.field === path || p.field.startsWith(`${path}.`) || p.field.startsWith(`${path}[`))
  return here.find((p) => p.severity === 'error') ?? here[0]
}

/** Words or numbers that stand apart by lines or commas. */
export function listed(text: string): string[] {
  return text.split(/[\n,，;；、]/).map((s) => s.trim()).filter((s) => s !== '')
}
