import { onScopeDispose, ref } from 'vue'
import { address } from '../api/client'
import { liveKinds, type LiveEvent } from '../api/types'

/** Whether events arrive: 'connecting' at first, 'lost' while the connection is being made anew. */
export const connection = ref<'connecting' | 'open' | 'lost'>('connecting')

type Listener = { event: (e: LiveEvent) => void; again: () => void; elsewhere?: (() => void) | undefined }

const listeners = new Set<Listener>()
const readings = new Set<(e: LiveEvent) => void>()
let source: EventSource | undefined
let retry: ReturnType<typeof setTimeout> | undefined
let wait = 1000
let changes: ReturnType<typeof setTimeout> | undefined

function open(): void {
  source = new EventSource(address('/events'))
  source.addEventListener('hello', () => {
    connection.value = 'open'
    wait = 1000
    // What happened meanwhile was missed: of the first time too, by who has read already.
    for (const l of listeners) l.again()
  })
  for (const kind of liveKinds) {
    source.addEventListener(kind, (m: MessageEvent<string>) => {
      const e = JSON.parse(m.data) as LiveEvent | null
      if (!e) return
      for (const keep of readings) keep(e)
      for (const l of listeners) l.event(e)
    })
  }
  source.addEventListener('elsewhere.changed', () => {
    changes ??= setTimeout(() => {
      changes = undefined
      for (const l of listeners) l.elsewhere?.()
    }, 1000)
  })
  source.addEventListener('dropped', reopen)
  source.addEventListener('error', reopen)
}

function reopen(): void {
  source?.close()
  source = undefined
  clearTimeout(retry)
  if (listeners.size === 0) return
  connection.value = 'lost'
  retry = setTimeout(open, wait)
  wait = Math.min(wait * 2, 15_000)
}

function close(): void {
  clearTimeout(retry)
  source?.close()
  source = undefined
  connection.value = 'connecting'
}

/**
 * Calls event for everything that happens while the calling component lives, and
 * again when the connection is made, for the first time too: what happened before was not
 * heard of, and the state is to be read anew. What happens on
 * other servers is not told piece by piece: elsewhere is called, at most once in a second.
 */
export function onLive(event: Listener['event'], again: Listener['again'], elsewhere?: Listener['elsewhere']): void {
  const l = { event, again, elsewhere }
  listeners.add(l)
  if (listeners.size === 1) open()
  onScopeDispose(() => {
    listeners.delete(l)
    // The next page subscribes within the same turn of the loop.
    setTimeout(() => {
      if (listeners.size === 0) close()
    })
  })
}

/**
 * Reads something that events keep up. They come by a connection of their own and overtake
 * answers, so what is told meanwhile is folded into what was read.
 */
export async function readLive<T>(read: () => Promise<T>, fold: (value: T, e: LiveEvent) => T): Promise<T> {
  const told: LiveEvent[] = []
  const most = 1000
  const keep = (e: LiveEvent): void => {
    if (told.length === most) told.shift()
    told.push(e)
  }
  readings.add(keep)
  try {
    return told.reduce(fold, await read())
  } finally {
    readings.delete(keep)
  }
}
