// A telephone in the page: SIP over WebSocket by JsSIP, sound by the browser.
import { UA, WebSocketInterface } from 'jssip'
import type { RTCSession } from 'jssip/lib/RTCSession'
import { openMicrophone, sendInstead, sendKey, stop, Timers, watchSound } from './sound'

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
  private readonly timers = new Timers()

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
    const timeout = this.timers.later(connectTime, () => { this.fail('noServer') })
    let first = true
    ua.on('connected', () => {
      this.tell.online(true)
      if (first) {
        first = false
        this.timers.forget(timeout)
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
      if (gathering === 0) gathering = this.timers.later(gatherTime, ready)
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
    watchSound(session, pc, this.timers, {
      sound: (theirs) => { if (this.microphone) this.tell.sound(this.microphone, theirs) },
      online: () => this.ua?.isConnected() === true,
      lost: () => { this.fail('lost') },
    })
  }

  press(key: string): void {
    if (this.session?.isEstablished() === true) this.tell.key(key, sendKey(this.session, this.watched, key))
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
    const theirs = await sendInstead(this.watched, this.microphone, next)
    this.microphone = next
    this.tell.sound(next, theirs)
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
    this.timers.clear()
    if (session && !session.isEnded()) session.terminate()
    stop(microphone)
    ua?.stop()
    this.tell.online(true)
    this.tell.phase('ended')
  }
}
