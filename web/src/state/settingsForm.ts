import { ElMessage } from 'element-plus/es/components/message/index.mjs'
import 'element-plus/es/components/message/style/css'
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { ApiError } from '../api/client'
import { i18n } from '../i18n'
import type { RuleProblem, RulesChecked } from '../api/rules'
import type { SettingsPage } from '../api/settings'
import { useLoad, type Loaded } from './load'
import { useUnsaved } from './unsaved'

interface Source<P extends SettingsPage, F> {
  read: (signal: AbortSignal) => Promise<P>
  /** What is changed of a page. */
  form: (page: P) => F
  /** What the server says of a change; without it, it says so when it is saved. */
  check?: (form: F, signal: AbortSignal) => Promise<RulesChecked>
  save: (page: P, form: F) => Promise<P>
  undo: (page: P, version: number) => Promise<P>
}

export interface SettingsForm<P extends SettingsPage, F> extends Pick<Loaded<P>, 'value' | 'error' | 'load'> {
  form: Ref<F | undefined>
  problems: ShallowRef<RuleProblem[]>
  /** Places of the file; unknown before the server has answered, or where it is not asked. */
  changed: ShallowRef<string[]>
  dirty: ComputedRef<boolean>
  errors: ComputedRef<RuleProblem[]>
  busy: Ref<boolean>
  failed: ShallowRef<string>
  save: () => Promise<void>
  undo: (version: number) => Promise<void>
  revert: () => void
}

const copy = <T>(v: T): T => JSON.parse(JSON.stringify(v)) as T

/** A page of settings that are written into a file: loaded, checked while they are typed, saved, taken back. */
export function useSettingsForm<P extends SettingsPage, F>(source: Source<P, F>): SettingsForm<P, F> {
  const { t, te } = i18n.global
  const { value, error, load } = useLoad(source.read)
  const form = ref<F>() as Ref<F | undefined>
  const problems = shallowRef<RuleProblem[]>([])
  const changed = shallowRef<string[]>([])
  const busy = ref(false)
  const failed = shallowRef('')
  function take(p: P): void {
    form.value = copy(source.form(p))
    problems.value = p.problems
    changed.value = []
    failed.value = ''
  }
  watch(value, (v) => { if (v) take(v) })
  const dirty = computed(() => form.value !== undefined && value.value !== undefined && JSON.stringify(form.value) !== JSON.stringify(source.form(value.value)))

  // What is typed is checked when the hand rests: the server says what hotline check would.
  let timer = 0
  let control = new AbortController()
  onScopeDispose(() => { clearTimeout(timer); control.abort() })
  watch(form, (f) => {
    clearTimeout(timer)
    control.abort()
    failed.value = ''
    if (!f || !dirty.value) {
      changed.value = []
      problems.value = value.value?.problems ?? []
      return
    }
    const check = source.check
    if (!check) return
    const mine = control = new AbortController()
    timer = window.setTimeout(() => {
      check(f, mine.signal).then((c) => {
        changed.value = c.changed
        problems.value = c.problems
        failed.value = ''
      }).catch((e: unknown) => { if (!mine.signal.aborted) told(e) })
    }, 300)
  }, { deep: true })

  function told(e: unknown): void {
    if (!(e instanceof ApiError)) throw e
    const key = te(`rules.error.${e.code}`) ? `rules.error.${e.code}` : te(`error.${e.code}`) ? `error.${e.code}` : 'error.other'
    failed.value = t(key, { detail: e.message })
  }
  const errors = computed(() => problems.value.filter((p) => p.severity === 'error' && !(value.value?.problems ?? []).some((q) => q.field === p.field && q.en === p.en)))

  async function act(work: () => Promise<P>, done: string): Promise<void> {
    busy.value = true
    try {
      value.value = await work()
      ElMessage.success(t(done))
    } catch (e) {
      told(e)
    } finally {
      busy.value = false
    }
  }
  async function save(): Promise<void> {
    const page = value.value
    const f = form.value
    if (!page || f === undefined || !dirty.value || errors.value.length > 0) return
    await act(() => source.save(page, f), 'rules.saved')
  }
  async function undo(version: number): Promise<void> {
    const page = value.value
    if (page) await act(() => source.undo(page, version), 'rules.undone')
  }
  useUnsaved(() => dirty.value)
  return { value, error, load, form, problems, changed, dirty, errors, busy, failed, save, undo, revert: () => { if (value.value) take(value.value) } }
}
