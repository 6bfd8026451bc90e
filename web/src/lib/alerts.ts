import type { Alert } from '../api/supervise'

/** An alert that somebody should still look at. */
export const pending = (a: Alert): boolean => a.acknowledged_at === undefined && a.over_at === undefined

/** The alerts after one has come or changed: what is grave before what is not, the newest first. */
export function withAlert(list: Alert[], a: Alert): Alert[] {
  return sorted([a, ...list.filter((x) => x.id !== a.id)])
}

export function sorted(list: Alert[]): Alert[] {
  return [...list].sort((a, b) => Number(b.grave) - Number(a.grave) || Date.parse(b.raised_at) - Date.parse(a.raised_at))
}
