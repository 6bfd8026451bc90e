import { computed, onScopeDispose, ref, type ComputedRef, type Ref } from 'vue'
import { Softphone, type Phase, type Trouble } from '../lib/softphone'
import { useSound } from './sound'

export interface Phone {
  phase: Ref<Phase>
  trouble: Ref<Trouble | undefined>
  detail: Ref<string>
  online: Ref<boolean>
  muted: Ref<boolean>
  held: Ref<boolean>
  waiting: Ref<boolean>
  seconds: ComputedRef<number>
  talked: ComputedRef<boolean>
  pressed: Ref<string>
  mine: Ref<number>
  theirs: Ref<number>
  busy: ComputedRef<boolean>
  microphones: Ref<MediaDeviceInfo[]>
  microphone: Ref<string>
  call: (number: string) => void
  hangup: () => void
  press: (key: string) => void
  mute: () => void
  hold: () => void
  choose: (id: string) => void
}

/** The telephone of a page, which plays what it hears by `player`. */
export function usePhone(player: Ref<HTMLAudioElement | undefined>): Phone {
  const phase = ref<Phase>('idle')
  const trouble = ref<Trouble>()
  const detail = ref('')
  const online = ref(true)
  const muted = ref(false)
  const held = ref(false)
  const waiting = ref(false)
  const began = ref(0)
  const now = ref(0)
  const pressed = ref('')
  const { mine, theirs, microphones, microphone, hear, silence } = useSound(player)
  let clock = 0

  const phone = new Softphone({
    phase(p) {
      phase.value = p
      if (p === 'talking' && began.value === 0) {
        began.value = now.value = Date.now()
        clock = window.setInterval(() => { now.value = Date.now() }, 250)
      }
      if (p === 'ended') {
        clearInterval(clock)
        silence()
        muted.value = held.value = waiting.value = false
      }
    },
    trouble(t, d) {
      trouble.value = t
      detail.value = d
    },
    held(by, on) {
      if (by === 'us') held.value = on
      else waiting.value = on
    },
    online(on) { online.value = on },
    sound: hear,
    key(k) { pressed.value = (pressed.value + k).slice(-24) },
  })

  const leave = (): void => { phone.hangup() }
  addEventListener('pagehide', leave)
  onScopeDispose(() => {
    removeEventListener('pagehide', leave)
    if (busy.value) phone.hangup()
    clearInterval(clock)
  })

  const busy = computed(() => phase.value !== 'idle' && phase.value !== 'ended')
  return {
    phase, trouble, detail, online, muted, held, waiting, pressed, mine, theirs, busy, microphones, microphone,
    talked: computed(() => began.value !== 0),
    seconds: computed(() => (began.value === 0 ? 0 : Math.max(0, Math.floor((now.value - began.value) / 1000)))),
    call(number) {
      if (busy.value) return
      trouble.value = undefined
      detail.value = pressed.value = ''
      began.value = 0
      void phone.call(number, microphone.value)
    },
    hangup: () => { phone.hangup() },
    press: (key) => { phone.press(key) },
    mute() {
      muted.value = !muted.value
      phone.mute(muted.value)
    },
    hold: () => { phone.hold(!held.value) },
    choose(id) {
      microphone.value = id
      if (busy.value) void phone.choose(id)
    },
  }
}
