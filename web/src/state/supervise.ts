// A supervisor in a call: by the telephone of this page, which lives as long as he listens
// and from page to page, or by his own.
import { ref, shallowRef } from 'vue'
import { ApiError } from '../api/client'
import { supervise, type Mode } from '../api/supervise'
import type { DeskPhone } from '../lib/deskphone'

const registerTime = 10_000

/** The call that this page's telephone listens to, and how. */
export const listening = shallowRef<{ call: string; who: string; mode: Mode | 'taken' }>()
/** What goes on until it does. */
export const joining = ref('')
export const trouble = ref('')
export const muted = ref(false)

let phone: DeskPhone | undefined
let speaking = false // the microphone is open
let audio: HTMLAudioElement | undefined

function stop(): void {
  phone?.stop()
  phone = undefined
  if (audio) audio.srcObject = null
  listening.value = undefined
  muted.value = speaking = false
}

/** The microphone is asked for when he wants to be heard, and closed when he only listens. */
async function speak(on: boolean): Promise<void> {
  if (!phone || speaking === on) return
  if (on && (!window.isSecureContext || !('mediaDevices' in navigator))) throw new ApiError(0, 'phone_insecure', 'insecure')
  if (!await phone.choose(on ? '' : undefined)) throw new ApiError(0, `phone_${trouble.value}`, trouble.value)
  speaking = on
}

/** Registers this page's telephone, which answers by itself. */
async function open(): Promise<void> {
  let registered: () => void = () => undefined
  let failed: (e: ApiError) => void = () => undefined
  const ready = new Promise<void>((resolve, reject) => {
    registered = resolve
    failed = reject
  })
  const timer = setTimeout(() => { failed(new ApiError(0, 'phone_unreachable', 'the telephone of the page could not register')) }, registerTime)
  const telephone = await import('../lib/deskphone') // only who listens needs it
  const mine = new telephone.DeskPhone({
    phase(p) {
      if (p === 'ringing') mine.listen()
      if (p === 'free' && phone === mine) stop()
    },
    registered(on) { if (on) registered() },
    online() { /* the sound has a way of its own */ },
    sound(_own, far) {
      if (!far) return
      if (!audio) {
        audio = new Audio()
        audio.dataset['what'] = 'listening'
        document.body.append(audio)
      }
      audio.srcObject = far
      void audio.play().catch(() => undefined) // it plays with the next click
    },
    trouble(what) {
      trouble.value = what
      failed(new ApiError(0, `phone_${what}`, what))
    },
  }, () => supervise.phone(), crypto.randomUUID())
  phone = mine
  try {
    await mine.start()
    await ready
  } finally {
    clearTimeout(timer)
  }
}

/** Takes part in a call by this page's telephone, or changes how. */
export async function listenHere(call: string, who: string, mode: Mode): Promise<void> {
  trouble.value = ''
  if (listening.value?.call === call) {
    if (mode !== 'listen') await speak(true)
    await supervise.change(call, mode)
    if (mode === 'listen') await speak(false)
    listening.value = { call, who, mode }
    return
  }
  if (listening.value) await leave()
  joining.value = call
  try {
    await open()
    await supervise.join(call, 'listen', true)
    listening.value = { call, who, mode: 'listen' }
    if (mode === 'listen') return
    await speak(true)
    await supervise.change(call, mode)
    listening.value = { call, who, mode }
  } catch (e) {
    if (listening.value?.call !== call) stop() // without a microphone he listens on
    throw e
  } finally {
    joining.value = ''
  }
}

export async function takeOver(call: string): Promise<void> {
  if (listening.value?.call === call) await speak(true)
  await supervise.change(call, 'take_over')
  if (listening.value?.call === call) listening.value = { ...listening.value, mode: 'taken' }
}

export async function leave(): Promise<void> {
  const was = listening.value
  stop()
  if (was) await supervise.leave(was.call).catch(() => undefined) // it has gone with the sound already
}

export function mute(): void {
  muted.value = !muted.value
  phone?.mute(muted.value)
}
