import { onScopeDispose, ref, type Ref } from 'vue'

type Keys = Record<string, (e: KeyboardEvent) => void>

function isTyping(e: KeyboardEvent): boolean {
  const t = e.target
  return t instanceof HTMLElement && (t.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName))
}

/**
 * Handles keys while the calling component lives: "/" or "j", and sequences such as
 * "g l". Not while somebody types or holds a modifier.
 */
export function useKeys(keys: Keys): void {
  let first = ''
  let since = 0
  const on = (e: KeyboardEvent): void => {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || isTyping(e)) return
    const pair = e.timeStamp - since < 1000 ? `${first} ${e.key}` : ''
    const handle = keys[pair] ?? keys[e.key]
    first = e.key
    since = e.timeStamp
    if (!handle) return
    // A button that has the focus takes Enter and Space itself.
    if ((e.key === ' ' || e.key === 'Enter') && e.target instanceof HTMLElement && e.target.closest('button, a')) return
    e.preventDefault()
    handle(e)
  }
  window.addEventListener('keydown', on)
  onScopeDispose(() => {
    window.removeEventListener('keydown', on)
  })
}

/** Lets j and k choose a row of a list, and Enter open it. Returns which is chosen; -1: none. */
export function useRows<T>(rows: Readonly<Ref<HTMLElement | null>>, items: Readonly<Ref<T[] | undefined>>, open: (item: T) => void): Ref<number> {
  const selected = ref(-1)
  const move = (by: number): void => {
    const n = items.value?.length ?? 0
    if (n === 0) return
    selected.value = Math.min(n - 1, Math.max(0, selected.value + by))
    rows.value?.children[selected.value]?.scrollIntoView({ block: 'nearest' })
  }
  useKeys({
    j: () => { move(1) },
    k: () => { move(-1) },
    Enter: () => {
      const item = items.value?.[selected.value]
      if (item !== undefined) open(item)
    },
  })
  return selected
}
