import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { Meter } from '../lib/loudness'

export interface Sound {
  /** How loud both sides are, 0 to 1. */
  mine: Ref<number>
  theirs: Ref<number>
  microphones: ShallowRef<MediaDeviceInfo[]>
  microphone: Ref<string>
  hear: (own: MediaStream, far: MediaStream | undefined) => void
  silence: () => void
}

/** What a telephone's page plays and measures, and the microphones that it may take. */
export function useSound(player: Ref<HTMLAudioElement | undefined>): Sound {
  const mine = ref(0)
  const theirs = ref(0)
  const microphones = shallowRef<MediaDeviceInfo[]>([])
  const microphone = ref('')
  const meter = new Meter()

  async function look(): Promise<void> {
    const all = await navigator.mediaDevices.enumerateDevices()
    microphones.value = all.filter((d) => d.kind === 'audioinput' && d.deviceId !== '')
    if (!microphones.value.some((d) => d.deviceId === microphone.value)) microphone.value = microphones.value[0]?.deviceId ?? ''
  }
  const devices = 'mediaDevices' in navigator ? navigator.mediaDevices : undefined
  const changed = (): void => { void look() }
  devices?.addEventListener('devicechange', changed)
  onScopeDispose(() => {
    devices?.removeEventListener('devicechange', changed)
    meter.stop()
  })

  return {
    mine, theirs, microphones, microphone,
    hear(own, far) {
      void look()
      const streams: [MediaStream, (l: number) => void][] = [[own, (l) => { mine.value = l }]]
      if (far && player.value) {
        player.value.srcObject = far
        void player.value.play().catch(() => undefined) // it plays with the next click
        streams.push([far, (l) => { theirs.value = l }])
      }
      meter.listen(streams)
    },
    silence() {
      meter.stop()
      if (player.value) player.value.srcObject = null
    },
  }
}
