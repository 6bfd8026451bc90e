// A telephone in the page: SIP over WebSocket by JsSIP, sound by the browser.
import { UA, WebSocketInterface } from 'jssip'
import type { RTCSession } from 'jssip/lib/RTCSession'

export type Trouble =
  | 'insecure' | 'denied' | 'noMicrophone' | 'microphoneBusy'
  | 'noServer' | 'noMedia' | 'busy' | 'refused' | 'full' | 'noLine' | 'noAnswer' | 'lost' | 'other'

export type Phase = 'idle' | 'asking' | 'connecting' | 'ringing' | 'talking' | 'ended'

/** What the page is told. Nothing of it is called after `phase('ended')`, but a new call. */
export interface Listener {
  phase: (p: Phase) => void
  trouble: (t: Trouble, detail: string) => void
  held: (by: 'us' | 'them', on: boolean) => void
  /** The way to the server; the sound has its own and goes on without. */
  online: (on: boolean) => void
  sound: (mine: MediaStream, theirs: MediaStream | undefined) => void
  key: (key: string, sent: 'sound' | 'message') => void
}

/** What getUserMedia's error means to the caller. */
export function microphoneTrouble(name: string): Trouble {
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied'
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'noMicrophone'
    case 'NotReadableError':
    case 'AbortError':
      return 'microphoneBusy'
    default:
      return 'other'
  }
}

/** What became of a call that was not answered. */
export function callTrouble(cause: string, status: number): Trouble | undefined {
  if (status === 486 || status === 600) return 'busy'
  if (status === 503 || status === 429) return 'full'
  if (status === 404 || status === 484 || status === 604) return 'noLine'
  if (status === 408 || status === 480) return 'noAnswer'
  if (status === 403 || status === 401 || status === 407 || status === 603) return 'refused'
  switch (cause) {
    case 'Canceled':
    case 'Terminated':
      return undefined
    case 'Connection Error':
    case 'Request Timeout':
      return 'noServer'
    case 'RTP Timeout':
      return 'lost'
    case 'WebRTC Error':
    case 'Incompatible SDP':
    case 'Bad Media Description':
      return 'noMedia'
    default:
      return 'other'
  }
}

const connectTime = 10_000
const gatherTime = 400 // for our own addresses; the server finds the rest
const lostTime = 4_000 // from the end of the sound to the end of the call

/** What JsSIP says of an end; a message with a status is a response. */
interface End { cause: string; message: object }

function answered(e: End): { status: number; reason: string } {
  const m = (e.message as { status_code?: number; reason_phrase?: string } | null) ?? {}
  return { status: m.status_code ?? 0, reason: m.reason_phrase ?? e.cause }
}

export class Softphone {
  private ua: UA | undefined
  private session: RTCSession | undefined
  private microphone: MediaStream | undefined
  private timers = new Set<number>()

  constructor(private readonly tell: Listener) {}

  async call(number: string, microphone: string): Promise<void> {
    this.tell.phase('asking')
    // Browsers hide the microphone from pages that came without encryption.
    if (!window.isSecureContext || !('mediaDevices' in navigator)) return this.fail('insecure')
    try {
      this.microphone = await openMicrophone(microphone)
    } catch (e) {
      return this.fail(microphoneTrouble(e instanceof Error ? e.name : ''), e instanceof Error ? e.message : '')
    }
    this.tell.sound(this.microphone, undefined)
    this.tell.phase('connecting')
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const ua = new UA({
      sockets: [new WebSocketInterface(`${scheme}://${location.host}/sip`)],
      uri: 'sip:anonymous@anonymous.invalid', // RFC 3323 section 4.1.1.3
      register: false,
      connection_recovery_min_interval: 2,
      connection_recovery_max_interval: 10,
      user_agent: 'hotline /call',
    })
    this.ua = ua
    const timeout = this.later(connectTime, () => { this.fail('noServer') })
    let first = true
    ua.on('connected', () => {
      this.tell.online(true)
      if (first) {
        first = false
        this.forget(timeout)
        this.invite(ua, number)
      } else if (this.session?.isEstablished() === true) {
        // So the server knows the new way to us before it has something to say.
        this.session.renegotiate({ useUpdate: true })
      }
    })
    ua.on('disconnected', () => {
      if (!first) this.tell.online(false)
    })
    ua.start()
  }

  private invite(ua: UA, number: string): void {
    const session = ua.call(`sip:${number}@${location.hostname}`, {
      ...(this.microphone ? { mediaStream: this.microphone } : {}),
      pcConfig: { iceServers: [] },
    })
    this.session = session
    session.on('peerconnection', ({ peerconnection }: { peerconnection: RTCPeerConnection }) => { this.watch(session, peerconnection) })
    if ('connection' in session && session.connection as RTCPeerConnection | null) this.watch(session, session.connection)
    let gathering = 0
    session.on('icecandidate', ({ ready }: { ready: () => void }) => {
      if (gathering === 0) gathering = this.later(gatherTime, ready)
    })
    session.on('progress', () => { this.tell.phase('ringing') })
    session.on('accepted', () => { this.tell.phase('talking') })
    session.on('hold', ({ originator }: { originator: string }) => { this.tell.held(originator === 'local' ? 'us' : 'them', true) })
    session.on('unhold', ({ originator }: { originator: string }) => { this.tell.held(originator === 'local' ? 'us' : 'them', false) })
    session.on('failed', (e: End) => {
      const { status, reason } = answered(e)
      const trouble = callTrouble(e.cause, status)
      if (trouble) this.fail(trouble, [status, reason].filter(Boolean).join(' '))
      else this.end()
    })
    session.on('ended', (e: End) => {
      if (e.cause === 'RTP Timeout') this.fail('lost')
      else this.end()
    })
  }

  private watched: RTCPeerConnection | undefined

  private watch(session: RTCSession, pc: RTCPeerConnection): void {
    if (this.watched === pc) return
    this.watched = pc
    pc.addEventListener('track', (e) => {
      if (this.microphone) this.tell.sound(this.microphone, e.streams[0] ?? new MediaStream([e.track]))
    })
    let again = 0
    pc.addEventListener('iceconnectionstatechange', () => {
      this.forget(again)
      // From one network to another: the call goes on by new addresses.
      if (pc.iceConnectionState !== 'disconnected') return
      const restart = (): void => {
        if (pc.iceConnectionState !== 'disconnected') return
        const sent = this.ua?.isConnected() === true && session.renegotiate({ useUpdate: false, rtcOfferConstraints: { iceRestart: true } })
        again = this.later(sent ? 5_000 : 1_000, restart)
      }
      again = this.later(1_500, restart)
    })
    // The server ends the sound before it says so, and cannot say so without a way to us.
    const over = (): void => {
      this.later(lostTime, () => {
        if (session.isEnded()) return
        this.fail('lost')
      })
    }
    pc.addEventListener('connectionstatechange', () => {
      for (const s of pc.getSenders()) {
        s.transport?.addEventListener('statechange', () => {
          if (s.transport?.state === 'closed' || s.transport?.state === 'failed') over()
        }, { once: true })
      }
      if (pc.connectionState === 'failed') over()
    })
  }

  /** Presses a key: in the sound where the browser can, else by a message. */
  press(key: string): void {
    const session = this.session
    if (session?.isEstablished() !== true) return
    const sender = this.watched?.getSenders().find((s) => s.track?.kind === 'audio')
    if (sender?.dtmf?.canInsertDTMF === true) {
      // Behind what is still being sent.
      sender.dtmf.insertDTMF(sender.dtmf.toneBuffer + key, 120, 70)
      this.tell.key(key, 'sound')
      return
    }
    session.sendDTMF(key)
    this.tell.key(key, 'message')
  }

  mute(on: boolean): void {
    if (on) this.session?.mute({ audio: true })
    else this.session?.unmute({ audio: true })
  }

  hold(on: boolean): void {
    if (on) this.session?.hold()
    else this.session?.unhold()
  }

  /** Changes the microphone, in a call too. */
  async choose(microphone: string): Promise<void> {
    if (!this.microphone) return
    let next: MediaStream
    try {
      next = await openMicrophone(microphone)
    } catch (e) {
      this.tell.trouble(microphoneTrouble(e instanceof Error ? e.name : ''), '')
      return
    }
    const track = next.getAudioTracks()[0]
    const old = this.microphone
    if (track) {
      track.enabled = old.getAudioTracks()[0]?.enabled ?? true
      await this.watched?.getSenders().find((s) => s.track?.kind === 'audio')?.replaceTrack(track)
    }
    this.microphone = next
    stop(old)
    const theirs = this.watched?.getReceivers()[0]?.track
    this.tell.sound(next, theirs ? new MediaStream([theirs]) : undefined)
  }

  hangup(): void {
    const session = this.session
    if (session && !session.isEnded()) session.terminate()
    else this.end()
  }

  private fail(trouble: Trouble, detail = ''): void {
    this.tell.trouble(trouble, detail)
    this.end()
  }

  private end(): void {
    const { session, ua, microphone } = this
    if (!ua && !microphone) {
      this.tell.phase('ended')
      return
    }
    this.ua = this.session = this.microphone = this.watched = undefined
    for (const t of this.timers) clearTimeout(t)
    this.timers.clear()
    if (session && !session.isEnded()) session.terminate()
    stop(microphone)
    ua?.stop()
    this.tell.online(true)
    this.tell.phase('ended')
  }

  private later(ms: number, f: () => void): number {
    const t = window.setTimeout(() => {
      this.timers.delete(t)
      f()
    }, ms)
    this.timers.add(t)
    return t
  }

  private forget(t: number): void {
    clearTimeout(t)
    this.timers.delete(t)
  }
}

export function stop(s: MediaStream | undefined): void {
  for (const t of s?.getTracks() ?? []) t.stop()
}

export function openMicrophone(id: string): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(id === '' ? {} : { deviceId: { exact: id } }) },
  })
}
