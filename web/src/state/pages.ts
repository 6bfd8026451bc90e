import { onMounted, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { useLoad, type Loaded } from './load'

export interface Pages<T, P> extends Loaded<P> {
  /** All that was read so far. */
  items: ShallowRef<T[] | undefined>
  /** Where load goes on; '' at the end. */
  cursor: Ref<string>
  /** Reads the list anew. */
  restart: () => void
}

/** A list that is read page by page, the first one when the component is there. */
export function usePages<T, P extends { items: T[]; next_cursor?: string }>(read: (cursor: string, signal: AbortSignal) => Promise<P>): Pages<T, P> {
  const items = shallowRef<T[]>()
  const cursor = ref('')
  const loaded = useLoad(async (signal) => {
    const page = await read(cursor.value, signal)
    items.value = cursor.value === '' ? page.items : [...(items.value ?? []), ...page.items]
    cursor.value = page.next_cursor ?? ''
    return page
  })
  function restart(): void {
    cursor.value = ''
    void loaded.load()
  }
  onMounted(restart)
  return { ...loaded, items, cursor, restart }
}
