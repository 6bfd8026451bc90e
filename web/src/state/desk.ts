import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { api, ApiError } from '../api/client'
import type { Agent, CallDetail, Command, Workplace } from '../api/types'
import { DeskPhone, instance, type DeskPhase } from '../lib/deskphone'
import { Lately, onAgent, onCall } from '../lib/live'
import { beep, Ring } from '../lib/ring'
import { automatic } from './automatic'
import { onLive, readLive } from './live'
import { useSound } from './sound'

/** What is kept over a reload of the page: whose notes are not written yet. */
const noteKey = 'hotline.desk.note'
/** The call that was left by loading the page again; the server keeps its caller for some seconds. */
const callKey = 'hotline.desk.call'
const regainTime = 15_000

function leftCall(): { id: string; began: number } | undefined {
  const kept = sessionStorage.getItem(callKey)
  sessionStorage.removeItem(callKey)
  if (kept === null) return undefined
  const left = JSON.parse(kept) as { id: string; began: number; at: number }
  return Date.now() - left.at < regainTime ? left : undefined
}

export function useDesk(player: Ref<HTMLAudioElement | undefined>, failed: (e: ApiError) => void) {
  const place = shallowRef<Workplace>()
  const mine = shallowRef<Agent>()
  const call = shallowRef<CallDetail>()
  const past = shallowRef<CallDetail['id'] | undefined>() // the call whose notes are to be written
  const problem = shallowRef<ApiError>()
  const phase = ref<DeskPhase>('free')
  const registered = ref(false)
  const online = ref(true)
  const audible = ref(true) // the sound's own path
  const trouble = ref('')
  const muted = ref(false)
  const began = ref(0)
  const lasted = ref(0)
  const pressed = ref('')
  const { mine: mineLevel, theirs: theirLevel, microphones, microphone, hear, silence } = useSound(player)
  const ring = new Ring()
  let left = leftCall()
  let rung = 0 // how often
  let resumed = 0 // when that one began
  let wanted = '' // the call that is being read
  const lately = new Lately()
  let aside: string | undefined // whose notes were being written when it rang

  const phone = new DeskPhone({
    phase(p, waits = false) {
      const before = phase.value
      phase.value = p
      if (p === 'ringing' && left !== undefined && mine.value?.calls?.includes(left.id) === true) {
        // It is the one that this page had before it was loaded again.
        resumed = left.began
        left = undefined
        void phone.answer(microphone.value)
        return
      }
      if (p === 'ringing' && waits && automatic.value) {
        ring.stop()
        const mine = ++rung
        void beep().then(() => { if (phase.value === 'ringing' && mine === rung) void phone.answer(microphone.value) })
      } else if (p === 'ringing') {
        rung++
        ring.start()
      } else {
        ring.stop()
      }
      if (p === 'talking') {
        began.value = resumed || Date.now()
        left = undefined
        resumed = 0
      }
      if (p !== 'free') return
      silence()
      muted.value = false
      pressed.value = ''
      if (before === 'talking') {
        lasted.value = Date.now() - began.value
        aside = undefined // it is among those that are not finished
        if (call.value) keepNote(call.value.id)
      } else if (aside !== undefined) {
        reopen(aside) // he did not take the call
        aside = undefined
      } else if (past.value === undefined) {
        call.value = undefined
      }
    },
    registered(on) {
      registered.value = on
      if (on && trouble.value === 'credentials') trouble.value = ''
    },
    online(on) { online.value = on },
    path(ok) { audible.value = ok },
    trouble(t) { trouble.value = t },
    sound(own, far) {
      trouble.value = ''
      hear(own, far)
    },
  }, () => api.deskPhone(), instance(sessionStorage))

  function keepNote(id: string | undefined): void {
    past.value = id
    if (id === undefined) sessionStorage.removeItem(noteKey)
    else sessionStorage.setItem(noteKey, id)
  }

  /** Goes on with the notes of a call that is over. */
  function reopen(id: string): void {
    lasted.value = 0
    keepNote(id)
    if (call.value?.id !== id) call.value = undefined
    void read(id)
  }

  /** Reads a call; one that has only just begun may take a moment to be there. */
  async function read(id: string): Promise<void> {
    wanted = id
    const since = Date.now() - 2000
    for (let i = 0; i < 10 && wanted === id; i++) {
      try {
        const c = await api.call(id)
        if (wanted === id) call.value = lately.on(c, since)
        return
      } catch (e) {
        if (!(e instanceof ApiError)) throw e
        if (e.status !== 404) {
          failed(e)
          return
        }
      }
      await new Promise((r) => { setTimeout(r, 400) })
    }
  }

  async function load(): Promise<void> {
    try {
      place.value = await readLive(() => api.desk(), (p, e) => ({ ...p, agent: onAgent(p.agent, e) }))
      mine.value = place.value.agent
      problem.value = undefined
    } catch (e) {
      if (!(e instanceof ApiError)) throw e
      problem.value = e
    }
  }

  watch(() => mine.value?.calls?.[0], (id) => {
    if (id === undefined) return
    aside = past.value ?? aside
    keepNote(undefined)
    if (call.value?.id !== id) call.value = undefined
    void read(id)
  })

  onLive((e) => {
    if (mine.value) mine.value = onAgent(mine.value, e)
    lately.keep(e, Date.now())
    if (call.value) call.value = onCall(call.value, e)
  }, () => {
    void load().then(begin)
    if (call.value) void read(call.value.id)
  })

  let begun = false
  /** Takes up the work at the first reading that succeeds: the server may have been away before. */
  async function begin(): Promise<void> {
    if (begun || problem.value) return
    begun = true
    const unwritten = sessionStorage.getItem(noteKey)
    if (unwritten !== null && (mine.value?.calls?.length ?? 0) === 0) {
      past.value = unwritten
      void read(unwritten)
    }
    await phone.start()
  }
  void load().then(begin)
  const leaving = (): void => {
    if (phase.value === 'talking' && call.value) sessionStorage.setItem(callKey, JSON.stringify({ id: call.value.id, began: began.value, at: Date.now() }))
  }
  addEventListener('pagehide', leaving)
  onScopeDispose(() => {
    removeEventListener('pagehide', leaving)
    ring.stop()
    phone.stop()
  })

  async function attempt(f: () => Promise<unknown>): Promise<boolean> {
    try {
      await f()
      return true
    } catch (e) {
      if (!(e instanceof ApiError)) throw e
      failed(e)
      return false
    }
  }

  return {
    place, mine, call, past, problem, phase, registered, online, audible, trouble, muted, began, lasted, mineLevel, theirLevel, microphones, microphone, pressed,
    load,
    held: computed(() => call.value?.state === 'held'),
    choose: (state: string, reason = ''): Promise<boolean> => attempt(() => api.setAgentState(mine.value?.name ?? '', state, reason)),
    answer: (): void => { void phone.answer(microphone.value) },
    refuse: (): void => { phone.refuse() },
    hangup: (): void => { phone.hangup() },
    press(key: string): void {
      pressed.value = (pressed.value + key).slice(-24)
      phone.press(key)
    },
    mute(): void {
      muted.value = !muted.value
      phone.mute(muted.value)
    },
    pick(id: string): void {
      microphone.value = id
      void phone.choose(id)
    },
    command: (c: Command): Promise<boolean> => attempt(() => api.command(call.value?.id ?? '', c)),
    /** Keeps the notes, and is ready for the next call. */
    async save(code: string, note: string, seconds: number): Promise<boolean> {
      const id = past.value
      if (id === undefined || !(await attempt(() => api.wrapUp(id, code, note, seconds)))) return false
      keepNote(undefined)
      call.value = undefined
      if (mine.value?.state === 'wrap_up') void attempt(() => api.setAgentState(mine.value?.name ?? '', 'ready', ''))
      return true
    },
    reopen,
    skip(): void {
      keepNote(undefined)
      call.value = undefined
    },
  }
}
