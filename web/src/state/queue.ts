import { shallowRef } from 'vue'
import { api } from '../api/client'
import type { LiveEvent, Rollout, Share, Waiting } from '../api/types'

export const queue = shallowRef<Waiting[]>()
export const share = shallowRef<Share>()
export const rollout = shallowRef<Rollout[]>([])

/** Reads who waits and how the work is divided; what goes wrong is the caller's to tell. */
export async function readQueue(): Promise<void> {
  const [q, s, r] = await Promise.all([api.queue(), api.share(), api.rollout()])
  queue.value = q.items
  share.value = s.mode ? s : undefined // a server without people shares nothing
  rollout.value = r.items
}

let due: ReturnType<typeof setTimeout> | undefined

/** Keeps the queue up with what happens: places change together, so all are read anew, twice in a second at most. */
export function onQueue(e: LiveEvent, failed: (e: unknown) => void): void {
  if (e.kind === 'share.changed') share.value = e.data as Share
  if (e.kind === 'rollout.changed') {
    const r = e.data as Rollout
    rollout.value = rollout.value.map((x) => (x.line === r.line && (x.scene ?? '') === (r.scene ?? '') ? r : x))
  }
  if (!e.kind.startsWith('queue.')) return
  due ??= setTimeout(() => {
    due = undefined
    api.queue().then((q) => { queue.value = q.items }).catch(failed)
  }, 500)
}
