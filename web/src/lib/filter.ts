import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import type { Query } from '../api/client'
import type { Outcome } from '../api/types'

/** What the list of calls shows. It stands whole in the page's address. */
export interface CallFilter {
  number: string
  outcomes: Outcome[]
  line: string
  from: string // day, YYYY-MM-DD, where the reader is
  to: string // day, inclusive
  sort: 'started' | 'duration'
  order: 'desc' | 'asc'
}

export const outcomes: Outcome[] = ['in_progress', 'resolved', 'unresolved', 'transferred', 'abandoned', 'interrupted', 'busy', 'no_answer', 'refused', 'failed', 'cancelled']

const text = (v: LocationQuery[string] | undefined): string => (Array.isArray(v) ? (v[0] ?? '') : (v ?? ''))
const day = (v: string): string => (/^\d{4}-\d{2}-\d{2}$/.test(v) && !Number.isNaN(Date.parse(v)) ? v : '')

export function fromAddress(q: LocationQuery): CallFilter {
  return {
    number: text(q['number']).trim().slice(0, 128),
    outcomes: text(q['outcome']).split(',').filter((o): o is Outcome => (outcomes as string[]).includes(o)),
    line: text(q['line']).slice(0, 64),
    from: day(text(q['from'])),
    to: day(text(q['to'])),
    sort: text(q['sort']) === 'duration' ? 'duration' : 'started',
    order: text(q['order']) === 'asc' ? 'asc' : 'desc',
  }
}

/** The address's query; what is as by default is left out. */
export function toAddress(f: CallFilter): LocationQueryRaw {
  const q: LocationQueryRaw = {}
  if (f.number) q['number'] = f.number
  if (f.outcomes.length > 0) q['outcome'] = f.outcomes.join(',')
  if (f.line) q['line'] = f.line
  if (f.from) q['from'] = f.from
  if (f.to) q['to'] = f.to
  if (f.sort !== 'started') q['sort'] = f.sort
  if (f.order !== 'desc') q['order'] = f.order
  return q
}

/** The API's query: days become moments. */
export function toQuery(f: CallFilter): Query {
  const start = (d: string, plus: number): string | undefined => {
    const [y, m, n] = d.split('-').map(Number)
    return y !== undefined && m !== undefined && n !== undefined ? new Date(y, m - 1, n + plus).toISOString() : undefined
  }
  // Digits as people write numbers, or a name at a host; anything else is what was said.
  const isNumber = /^[+\d\s()./-]*$|@/.test(f.number)
  return {
    number: isNumber ? f.number : undefined,
    q: isNumber ? undefined : f.number,
    outcome: f.outcomes.join(','),
    line: f.line,
    from: f.from ? start(f.from, 0) : undefined,
    to: f.to ? start(f.to, 1) : undefined,
    sort: f.sort,
    order: f.order,
  }
}

export function isFiltered(f: CallFilter): boolean {
  return f.number !== '' || f.outcomes.length > 0 || f.line !== '' || f.from !== '' || f.to !== ''
}
