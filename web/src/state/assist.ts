import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { ApiError } from '../api/client'
import { assist, type Draft, type Suggestion, type Warning, type WrapUp } from '../api/assist'
import { notesIn } from '../lib/notes'
import { onLive } from './live'

const keepAfter = 800 // ms without a key until what is typed goes to the server

/** What is suggested and warned of in a call, while it goes on. */
export function useSuggestions(call: Ref<string | undefined>) {
  const suggestion = shallowRef<Suggestion>()
  const warnings = shallowRef<Warning[]>([])
  const used = ref<Record<string, boolean>>({}) // answers, by id

  async function load(id: string): Promise<void> {
    try {
      const v = await assist.view(id)
      if (call.value !== id) return
      suggestion.value = v.suggestion
      warnings.value = v.warnings.slice(-3)
    } catch (e) {
      if (!(e instanceof ApiError)) throw e // none are made, or not yet: events bring them
    }
  }

  watch(call, (id) => {
    suggestion.value = undefined
    warnings.value = []
    used.value = {}
    if (id !== undefined) void load(id)
  }, { immediate: true })

  onLive((e) => {
    if (e.call === undefined || e.call !== call.value) return
    if (e.kind === 'assist.suggested') {
      const s = e.data as Suggestion
      // Answers stay until there are others: one may still be reading them.
      suggestion.value = s.answers.length > 0 ? s : { ...s, answers: suggestion.value?.answers ?? [] }
    }
    if (e.kind === 'assist.warned') warnings.value = [...warnings.value, e.data as Warning].slice(-3)
  }, () => { if (call.value !== undefined) void load(call.value) })

  return {
    suggestion,
    warnings,
    used,
    dismiss: (w: Warning): void => { warnings.value = warnings.value.filter((x) => x !== w) },
  }
}

/**
 * What is written about a call: kept in this tab at every key and on the server a
 * moment later, until it is saved or thrown away.
 */
export function useNote(call: Ref<string | undefined>) {
  const box = notesIn(sessionStorage)
  const code = ref('')
  const note = ref('')
  const kept = ref(false)
  const wrapUp = shallowRef<WrapUp>()
  let seconds = 0
  let mine: string | undefined // whose note it is
  let touched = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let loading = false // what the program puts in is not typed

  function store(): void {
    if (mine !== undefined) box.write(mine, { code: code.value, note: note.value, seconds })
  }

  async function send(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    if (mine === undefined || !touched) return
    const id = mine
    touched = false
    try {
      await assist.keep(id, { code: code.value, note: note.value })
      if (mine === id && !touched) kept.value = true
    } catch (e) {
      if (!(e instanceof ApiError)) throw e
      if (mine === id) touched = true // it is in the browser; the next key, or the next page, sends it
    }
  }

  watch([code, note], () => {
    if (loading) return
    touched = true
    kept.value = false
    store()
    clearTimeout(timer)
    timer = setTimeout(() => { void send() }, keepAfter)
  }, { flush: 'sync' })

  function fill(c: string, n: string): void {
    loading = true
    code.value = c
    note.value = n
    loading = false
  }

  watch(call, (id) => {
    void send() // the one before
    mine = id
    touched = false
    kept.value = false
    wrapUp.value = undefined
    const own = id === undefined ? undefined : box.read(id)
    seconds = own?.seconds ?? 0
    fill(own?.code ?? '', own?.note ?? '')
  }, { immediate: true, flush: 'sync' })

  const leaving = (): void => {
    store()
    void send()
  }
  addEventListener('pagehide', leaving)
  onScopeDispose(() => {
    removeEventListener('pagehide', leaving)
    leaving()
  })

  onLive((e) => {
    if (e.kind !== 'assist.drafted' || e.call !== mine || wrapUp.value === undefined) return
    const draft = (e.data as { draft?: Draft }).draft
    if (!draft || draft.summary === '') return
    const before = wrapUp.value.draft?.summary
    wrapUp.value = { ...wrapUp.value, draft }
    if (note.value.trim() === '' || note.value === before) fill(code.value, draft.summary) // nobody has changed it
  }, () => undefined)

  return {
    code,
    note,
    kept,
    wrapUp,
    /** Reads what was drafted and typed elsewhere, and begins with the draft where there is nothing. */
    async draft(): Promise<void> {
      const id = mine
      if (id === undefined) return
      try {
        const w = await assist.wrapUp(id)
        if (mine !== id) return
        wrapUp.value = w
        if (note.value.trim() === '') fill(code.value || (w.working?.code ?? ''), w.working?.note ?? w.draft?.summary ?? '')
      } catch (e) {
        if (!(e instanceof ApiError)) throw e
        wrapUp.value = {} // then it is written by hand
      }
    },
    /** Notes how long the form was open; the sum of it. */
    spent(s: number): number {
      seconds += s
      if (touched || note.value !== '' || code.value !== '') store()
      return seconds
    },
    /** An untouched draft, too, is there again when the next call is over. */
    leave(): void {
      touched ||= note.value.trim() !== ''
      store()
      void send()
    },
    /** It was saved, or is not wanted. */
    forget(throwAway: boolean): void {
      clearTimeout(timer)
      if (mine === undefined) return
      const id = mine
      box.forget(id)
      touched = false
      fill('', '')
      mine = undefined
      if (throwAway) assist.keep(id, { note: '' }).catch((e: unknown) => { if (!(e instanceof ApiError)) throw e })
    },
  }
}
