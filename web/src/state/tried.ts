import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { ApiError } from '../api/client'

/** Tries what a form wants; what goes wrong stays in problem until the next try. */
export function useTried(): { problem: ShallowRef<ApiError | undefined>; busy: Ref<boolean>; tried: (what: () => Promise<void>) => Promise<boolean> } {
  const problem = shallowRef<ApiError>()
  const busy = ref(false)
  async function tried(what: () => Promise<void>): Promise<boolean> {
    busy.value = true
    problem.value = undefined
    try {
      await what()
      return true
    } catch (e) {
      if (!(e instanceof ApiError)) throw e
      problem.value = e
      return false
    } finally {
      busy.value = false
    }
  }
  return { problem, busy, tried }
}
