import type { Bounds, Campaign, Contact, Mapping, Results, Span } from '../api/campaigns'

/** Minutes of a day as 09:00. */
export const clockOf = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

/** 09:00 as minutes of a day; undefined where it is none. */
export function minutesOf(clock: string): number | undefined {
  const m = /^(\d{1,2}):(\d{2})$/.exec(clock.trim())
  if (!m) return undefined
  const minutes = Number(m[1]) * 60 + Number(m[2])
  return Number(m[2]) < 60 && minutes <= 24 * 60 ? minutes : undefined
}

const open: Span = { From: 9 * 60, To: 20 * 60 }

/** The hours of a kind of day, Sunday being 0; the server's own where none are set at all. */
export function spanOf(c: Pick<Campaign, 'windows'>, day: number): Span | undefined {
  const days = c.windows.days
  if (days.every((d) => !d || d.length === 0)) return open
  return days[day]?.[0]
}

export function withSpans(weekdays: Span | undefined, weekend: Span | undefined): (Span[] | null)[] {
  return [0, 1, 2, 3, 4, 5, 6].map((d) => {
    const span = d === 0 || d === 6 ? weekend : weekdays
    return span ? [span] : []
  })
}

/** A campaign that is begun: what an owner changes, with defaults that nobody minds. */
export function blank(line: string): Campaign {
  return {
    id: '', name: '', state: 'draft', line, purpose: 'reminder', mode: 'agentless', variants: [{ name: 'a', weight: 1, greeting: '' }],
    windows: { days: withSpans(open, { From: 10 * 60, To: 18 * 60 }) }, priority: 0, concurrency: 10, per_second: 1, order: 'listed', attempts: 3,
    caps: { per_day: 2, per_week: 0, per_campaign: 0 }, goals: [], created_at: new Date().toISOString(), created_by: '', version: 0,
  }
}

/** What a column is: a part of the contact, or "field". */
export type Column = '' | 'number' | 'name' | 'zone' | 'rank' | 'agent' | 'field'
const parts = ['number', 'name', 'zone', 'rank', 'agent'] as const

export function columnsOf(m: Mapping, width: number): Column[] {
  return Array.from({ length: width }, (_, i): Column => parts.find((p) => m[p] === i) ?? (m.fields?.[String(i)] === undefined ? '' : 'field'))
}

export function mappingOf(header: boolean, columns: Column[], titles: string[]): Mapping {
  const m: Mapping = { header, number: -1, name: -1, zone: -1, rank: -1, agent: -1, fields: {} }
  columns.forEach((c, i) => {
    if (c === 'field') (m.fields ??= {})[String(i)] = (titles[i] ?? '').trim() || String(i + 1)
    else if (c !== '') m[c] = i
  })
  return m
}

/** The contacts that are over, of all. */
export function doneOf(states: Partial<Record<Contact['state'], number>> | null): { done: number; all: number } {
  let all = 0
  let left = 0
  for (const [state, n] of Object.entries(states ?? {})) {
    all += n
    if (state === 'waiting' || state === 'dialling') left += n
  }
  return { done: all - left, all }
}

export const share = (x: number): number => Math.round(x * 1000) / 10

/** The hours of a day in order, each with what came of it. */
export function byHour(r: Results): { hour: number; attempts: number; persons: number }[] {
  const known = new Map(r.hours.map((h) => [h.hour, h]))
  return Array.from({ length: 24 }, (_, hour) => ({ hour, attempts: known.get(hour)?.attempts ?? 0, persons: known.get(hour)?.persons ?? 0 }))
}

/** A field of a campaign that says more than the server allows, by which setting and its value. */
export interface Excess { field: 'weekdays' | 'weekend' | 'day' | 'lines' | 'rate' | 'purpose'; setting: string; value: string }

type Asked = Pick<Campaign, 'caps' | 'concurrency' | 'per_second' | 'purpose' | 'trunk'>

/** What of a campaign the server will not do: it keeps within its own bounds whatever is saved. */
export function exceeds(c: Asked, hours: { weekdays: Span | undefined; weekend: Span | undefined }, b: Bounds): Excess[] {
  const out: Excess[] = []
  const spans = b.hours.map((h) => h.split('-').map((x) => minutesOf(x)))
  const within = (s: Span): boolean => spans.some(([from, to]) => from !== undefined && to !== undefined && s.From >= from && s.To <= to)
  for (const field of ['weekdays', 'weekend'] as const) {
    const s = hours[field]
    if (s && spans.length > 0 && !within(s)) out.push({ field, setting: 'campaigns.hours', value: b.hours.join(', ') })
  }
  if (b.per_day > 0 && (c.caps.per_day > b.per_day || c.caps.per_day === 0)) out.push({ field: 'day', setting: 'campaigns.max_per_number_per_day', value: String(b.per_day) })
  const trunks = b.trunks.filter((t) => (c.trunk ?? '') === '' || t.name === c.trunk)
  const lines = trunks.length > 0 && trunks.every((t) => t.channels > 0) ? trunks.reduce((sum, t) => sum + t.channels, 0) : Infinity
  if (c.concurrency > Math.min(lines, b.calls || Infinity)) {
    out.push(lines < (b.calls || Infinity) ? { field: 'lines', setting: trunkSetting(trunks, 'channels'), value: String(lines) } : { field: 'lines', setting: 'call.max_calls', value: String(b.calls) })
  }
  const begun = trunks.length > 0 && trunks.every((t) => t.per_second > 0) ? trunks.reduce((sum, t) => sum + t.per_second, 0) : Infinity
  if (b.per_minute > 0 && c.per_second * 60 > b.per_minute) out.push({ field: 'rate', setting: 'outbound.max_calls_per_minute', value: String(b.per_minute) })
  else if (c.per_second > begun) out.push({ field: 'rate', setting: trunkSetting(trunks, 'calls_per_second'), value: String(begun) })
  if (b.consent.includes(c.purpose)) out.push({ field: 'purpose', setting: 'campaigns.consent', value: b.consent.join(', ') })
  return out
}

const trunkSetting = (trunks: { name: string }[], key: string): string => `trunks.${trunks.length === 1 ? (trunks[0]?.name ?? '') : '*'}.${key}`
