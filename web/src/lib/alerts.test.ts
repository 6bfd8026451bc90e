import { expect, test } from 'vitest'
import type { Alert } from '../api/supervise'
import { pending, withAlert } from './alerts'

const alert = (id: string, raised: number, more: Partial<Alert> = {}): Alert => ({ id, kind: 'anger', grave: false, why: {}, raised_at: new Date(raised).toISOString(), ...more })

test('what is grave stands first, then the newest, each once', () => {
  let list: Alert[] = []
  for (const a of [alert('a', 1000), alert('b', 2000, { grave: true }), alert('c', 3000), alert('a', 1000, { seen_by: 'chen' })]) list = withAlert(list, a)
  expect(list.map((a) => a.id)).toEqual(['b', 'c', 'a'])
  expect(list[2]?.seen_by).toBe('chen')
})

test('what is over or taken care of is not pending', () => {
  expect([alert('a', 1), alert('b', 1, { over_at: 'x' }), alert('c', 1, { acknowledged_at: 'x' })].map(pending)).toEqual([true, false, false])
})
