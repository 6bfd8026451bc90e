import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { ApiError } from '../api/client'

export interface Loaded<T> {
  value: ShallowRef<T | undefined>
  error: ShallowRef<ApiError | undefined>
  loading: Ref<boolean>
  load: () => Promise<void>
}

/** Reads something; a newer read ends an older one, and so does the end of the calling component. */
export function useLoad<T>(read: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const value = shallowRef<T>()
  const error = shallowRef<ApiError>()
  const loading = ref(false)
  let control = new AbortController()
  async function load(): Promise<void> {
    control.abort()
    const mine = new AbortController()
    control = mine
    loading.value = true
    try {
      const v = await read(mine.signal)
      if (mine.signal.aborted) return
      value.value = v
      error.value = undefined
    } catch (e) {
      if (mine.signal.aborted) return
      if (!(e instanceof ApiError)) throw e
      error.value = e
    } finally {
      if (control === mine) loading.value = false
    }
  }
  onScopeDispose(() => {
    control.abort()
  })
  return { value, error, loading, load }
}
