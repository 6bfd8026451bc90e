import { computed, onScopeDispose, ref, type ComputedRef, type Ref } from 'vue'
import { Meter } from '../lib/loudness'
import { Softphone, type Phase, type Trouble } from '../lib/softphone'

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
  const mine = ref(0)
  const theirs = ref(0)
  const microphones = ref<MediaDeviceInfo[]>([])
  const microphone = ref('')
  const meter = new Meter()
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
        meter.stop()
        muted.value = held.value = waiting.value = false
        if (player.value) player.value.srcObject = null
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
    sound(own, far) {
      void look()
      const streams: [MediaStream, (l: number) => void][] = [[own, (l) => { mine.value = l }]]
      if (far && player.value) {
        player.value.srcObject = far
        void player.value.play().catch(() => undefined) // it plays with the next click
        streams.push([far, (l) => { theirs.value = l }])
      }
      meter.listen(streams)
    },
    key(k) { pressed.value = (pressed.value + k).slice(-24) },
  })

  async function look(): Promise<void> {
    const all = await navigator.mediaDevices.enumerateDevices()
    microphones.value = all.filter((d) => d.kind === 'audioinput' && d.deviceId !== '')
    if (!microphones.value.some((d) => d.deviceId === microphone.value)) microphone.value = microphones.value[0]?.deviceId ?? ''
  }
  const devices = 'mediaDevices' in navigator ? navigator.mediaDevices : undefined
  const changed = (): void => { void look() }
  devices?.addEventListener('devicechange', changed)

  const leave = (): void => { phone.hangup() }
  addEventListener('pagehide', leave)
  onScopeDispose(() => {
    removeEventListener('pagehide', leave)
    devices?.removeEventListener('devicechange', changed)
    if (busy.value) phone.hangup()
    clearInterval(clock)
    meter.stop()
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
