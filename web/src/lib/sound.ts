// What the pages' telephones have in common: the way of the sound, keys, the microphone.
import type { RTCSession } from 'jssip/lib/RTCSession'

const lostTime = 4_000 // from the end of the sound to the end of the call
const restartAfter = 1_500

/** Timers that end together. */
export class Timers {
  private readonly running = new Set<number>()

  later(ms: number, f: () => void): number {
    const t = window.setTimeout(() => {
      this.running.delete(t)
      f()
    }, ms)
    this.running.add(t)
    return t
  }

  forget(t: number): void {
    clearTimeout(t)
    this.running.delete(t)
  }

  clear(): void {
    for (const t of this.running) clearTimeout(t)
    this.running.clear()
  }
}

/** Who is told of the way that a call's sound takes. */
export interface Way {
  /** Whether the sound gets through. */
  path?: (ok: boolean) => void
  sound: (theirs: MediaStream) => void
  /** Whether there is a way to the server, to agree on new addresses. */
  online: () => boolean
  /** The sound is over, and the call has not ended by itself. */
  lost: () => void
}

/** Follows a call's sound: from one network to another it goes on by new addresses. */
export function watchSound(session: RTCSession, pc: RTCPeerConnection, timers: Timers, way: Way): void {
  pc.addEventListener('track', (e) => { way.sound(e.streams[0] ?? new MediaStream([e.track])) })
  let again = 0
  pc.addEventListener('iceconnectionstatechange', () => {
    timers.forget(again)
    const connected = pc.iceConnectionState === 'connected' || pc.iceConnectionState === 'completed'
    if (connected || pc.iceConnectionState === 'disconnected' || pc.iceConnectionState === 'failed') way.path?.(connected)
    if (pc.iceConnectionState !== 'disconnected') return
    const restart = (): void => {
      if (pc.iceConnectionState !== 'disconnected') return
      const sent = way.online() && session.renegotiate({ useUpdate: false, rtcOfferConstraints: { iceRestart: true } })
      again = timers.later(sent ? 5_000 : 1_000, restart)
    }
    again = timers.later(restartAfter, restart)
  })
  // The server ends the sound before it says so, and cannot say so without a way to us.
  const over = (back: () => boolean): void => {
    timers.later(lostTime, () => {
      if (!session.isEnded() && !back()) way.lost()
    })
  }
  pc.addEventListener('connectionstatechange', () => {
    for (const s of pc.getSenders()) {
      s.transport?.addEventListener('statechange', () => {
        if (s.transport?.state === 'closed' || s.transport?.state === 'failed') over(() => false)
      }, { once: true })
    }
    if (pc.connectionState === 'failed') over(() => pc.connectionState === 'connected') // by new addresses
  })
}

const sending = (pc: RTCPeerConnection | undefined): RTCRtpSender | undefined => pc?.getSenders().find((s) => s.track?.kind === 'audio')

/** Presses a key: in the sound where the browser can, behind what is still being sent, else by a message; so too while no sound gets through. */
export function sendKey(session: RTCSession, pc: RTCPeerConnection | undefined, key: string): 'sound' | 'message' {
  const tones = sending(pc)?.dtmf
  if (tones?.canInsertDTMF === true && pc?.connectionState === 'connected') {
    tones.insertDTMF(tones.toneBuffer + key, 120, 70)
    return 'sound'
  }
  session.sendDTMF(key)
  return 'message'
}

/** Sends another microphone than before, as muted as that one; gives what is heard. */
export async function sendInstead(pc: RTCPeerConnection | undefined, old: MediaStream, next: MediaStream): Promise<MediaStream | undefined> {
  const track = next.getAudioTracks()[0]
  if (track) {
    track.enabled = old.getAudioTracks()[0]?.enabled ?? true
    await sending(pc)?.replaceTrack(track)
  }
  stop(old)
  const theirs = pc?.getReceivers()[0]?.track
  return theirs ? new MediaStream([theirs]) : undefined
}

export function stop(s: MediaStream | undefined): void {
  for (const t of s?.getTracks() ?? []) t.stop()
}

export function openMicrophone(id: string): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(id === '' ? {} : { deviceId: { exact: id } }) },
  })
}
