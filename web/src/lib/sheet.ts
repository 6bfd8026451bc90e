import type { Finding, SheetItem } from '../api/supervise'

/** A line of a score sheet while it is filled in: given is undefined where the rule counts, null where it does not apply. */
export interface SheetLine {
  item: SheetItem
  finding: Finding
  given: number | null | undefined
}

/** The score of 100, as the server reckons it; undefined where nothing counts yet. */
export function total(lines: SheetLine[]): number | undefined {
  let had = 0
  let could = 0
  let out = false
  for (const l of lines) {
    const state = l.finding.state
    const points = l.given !== undefined ? l.given : state === 'open' || state === 'not_applicable' ? null : l.finding.points
    if (points === null) continue
    had += points
    could += l.item.points
    if (l.item.knockout === true && points === 0) out = true
  }
  if (could === 0) return undefined
  return out ? 0 : Math.round((100 * had) / could)
}
