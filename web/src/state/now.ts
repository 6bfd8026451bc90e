import { onScopeDispose, ref, type Ref } from 'vue'

/** The present, a step per interval while the calling component lives. */
export function useNow(interval = 1000): Ref<Date> {
  const now = ref(new Date())
  const timer = setInterval(() => {
    now.value = new Date()
  }, interval)
  onScopeDispose(() => {
    clearInterval(timer)
  })
  return now
}
