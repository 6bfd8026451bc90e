import { onMounted, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import type { LiveEvent } from '../api/types'
import { onLive, readLive } from './live'
import { useLoad, type Loaded } from './load'

export interface Pages<T, P> extends Loaded<P> {
  /** All that was read so far. */
  items: ShallowRef<T[] | undefined>
  /** Where load goes on; '' at the end. */
  cursor: Ref<string>
  /** Reads the list anew. */
  restart: () => void
}

/**
 * A list that is read page by page, the first one when the component is there. With fold it
 * keeps up with what happens, and is read anew when that may have been missed.
 */
export function usePages<T, P extends { items: T[]; next_cursor?: string }>(
  read: (cursor: string, signal: AbortSignal) => Promise<P>,
  fold?: (items: T[], e: LiveEvent) => T[],
): Pages<T, P> {
  const items = shallowRef<T[]>()
  const cursor = ref('')
  const loaded = useLoad(async (signal) => {
    const before = cursor.value === '' ? [] : (items.value ?? [])
    let page: P | undefined
    const all = await readLive(async () => {
      page = await read(cursor.value, signal)
      return [...before, ...page.items]
    }, fold ?? ((list) => list))
    items.value = all
    cursor.value = page?.next_cursor ?? ''
    return page as P
  })
  function restart(): void {
    cursor.value = ''
    void loaded.load()
  }
  onMounted(restart)
  if (fold) onLive((e) => { if (items.value) items.value = fold(items.value, e) }, restart)
  return { ...loaded, items, cursor, restart }
}
