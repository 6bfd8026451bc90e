import type { Waiting } from '../api/types'

/** How long somebody has waited, ms. */
export function waited(w: Pick<Waiting, 'since'>, now: Date): number {
  return Math.max(0, now.getTime() - Date.parse(w.since))
}

/** How much of his longest wait is over, from 0 to 1: his row's colour rises with it. */
export function warmth(w: Pick<Waiting, 'since' | 'max_wait_s'>, now: Date): number {
  if (w.max_wait_s <= 0) return 0
  return Math.min(1, waited(w, now) / 1000 / w.max_wait_s)
}

/** Why a caller goes before others, as keys of the catalogue. */
export function reasons(w: Waiting): string[] {
  const list: string[] = []
  if (w.tier === 'vip') list.push('vip')
  if (w.urgent) list.push('urgent')
  if ((w.risk ?? 0) >= 0.6) list.push('complaint')
  if (w.asked) list.push('asked')
  if (w.declined > 0) list.push('declined')
  return list
}
