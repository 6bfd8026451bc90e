// An agent's telephone in the page: it registers by a password of minutes and takes the
// calls that the server brings.
import { UA, WebSocketInterface } from 'jssip'
import type { RTCSession } from 'jssip/lib/RTCSession'
import { microphoneTrouble, type Trouble } from './softphone'
import { openMicrophone, sendInstead, sendKey, stop, Timers, watchSound } from './sound'

/** What the server gives a session to register with. */
export interface PhoneAccess {
  agent: string
  realm: string
  password: string
  expires_at: string
  renew_s: number
}

export type DeskPhase = 'free' | 'ringing' | 'answering' | 'talking'

export interface DeskListener {
  /** When it rings, waits tells that the server asks to have it answered at once: somebody is on the line already, or will be. */
  phase: (p: DeskPhase, waits?: boolean) => void
  /** Whether the telephone can be rung. */
  registered: (on: boolean) => void
  /** The way to the server; the sound has its own and goes on without. */
  online: (on: boolean) => void
  sound: (mine: MediaStream, theirs: MediaStream | undefined) => void
  /** Whether the sound gets through. */
  path?: (ok: boolean) => void
  trouble: (t: Trouble | 'credentials' | 'soundLost') => void
}

const gatherTime = 400 // for our own addresses; the server finds the rest
const expires = 120 // of a registration, s: longer than the network is away

/** The same telephone after the page was loaded again, and another one in another tab. */
export function instance(store: Storage): string {
  const kept = store.getItem('hotline.phone')
  if (kept !== null) return kept
  const made = crypto.randomUUID()
  store.setItem('hotline.phone', made)
  return made
}

/** Whether a call asks to be answered without a key (RFC 5373 section 5): only those of predictive campaigns do. */
export function answersAtOnce(mode: string | undefined): boolean {
  return /^\s*auto\s*(;|$)/i.test(mode ?? '')
}

export class DeskPhone {
  private ua: UA | undefined
  private session: RTCSession | undefined
  private watched: RTCPeerConnection | undefined
  private microphone: MediaStream | undefined
  private quiet: AudioContext | undefined // what is sent without a microphone
  private renewal = 0
  private readonly timers = new Timers()
  private over = false

  constructor(private readonly tell: DeskListener, private readonly access: () => Promise<PhoneAccess>, private readonly id: string) {}

  /** Registers, and keeps at it until stop. */
  async start(): Promise<void> {
    const a = await this.renew()
    if (!a || this.over || this.ua) return
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const ua = new UA({
      sockets: [new WebSocketInterface(`${scheme}://${location.host}/sip`)],
      uri: `sip:${a.agent}@${location.hostname}`,
      authorization_user: a.agent,
      password: a.password,
      register: true,
      register_expires: expires,
      instance_id: this.id,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 5,
      user_agent: 'hotline /desk',
    })
    this.ua = ua
    ua.on('connected', () => {
      this.tell.online(true)
      // So the server knows the new way to us before it has something to say.
      if (this.session?.isEstablished() === true) this.session.renegotiate({ useUpdate: true })
    })
    ua.on('disconnected', () => {
      this.tell.online(false)
      this.tell.registered(false)
    })
    ua.on('registered', () => { this.tell.registered(true) })
    ua.on('unregistered', () => { this.tell.registered(false) })
    ua.on('registrationFailed', () => {
      this.tell.registered(false)
      // The password ran out while the machine slept.
      this.timers.later(2_000, () => { void this.renew().then((fresh) => { if (fresh && ua.isConnected()) ua.register() }) })
    })
    ua.on('newRTCSession', ({ session, originator, request }: { session: RTCSession; originator: string; request: { getHeader: (name: string) => string | undefined } }) => {
      if (originator === 'remote') this.rung(session, answersAtOnce(request.getHeader('Answer-Mode')))
    })
    ua.start()
  }

  /** Has the password replaced before it runs out. */
  private async renew(): Promise<PhoneAccess | undefined> {
    clearTimeout(this.renewal)
    let again = 5_000
    try {
      const a = await this.access()
      again = 1000 * a.renew_s
      const settable = this.ua as (UA & { set: (name: string, value: string) => boolean }) | undefined
      settable?.set('password', a.password)
      return a
    } catch {
      this.tell.trouble('credentials')
      return undefined
    } finally {
      if (!this.over) this.renewal = window.setTimeout(() => { void this.renewed() }, again)
    }
  }

  private async renewed(): Promise<void> {
    if (this.ua) await this.renew()
    else await this.start()
  }

  private rung(session: RTCSession, waits: boolean): void {
    if (this.session) {
      session.terminate({ status_code: 486, reason_phrase: 'Busy Here' })
      return
    }
    this.session = session
    const done = (): void => {
      if (this.session === session) this.free()
    }
    session.on('peerconnection', ({ peerconnection }: { peerconnection: RTCPeerConnection }) => { this.watch(session, peerconnection) })
    let gathering = 0
    session.on('icecandidate', ({ ready }: { ready: () => void }) => {
      if (gathering === 0) gathering = this.timers.later(gatherTime, ready)
    })
    session.on('accepted', () => { this.tell.phase('talking') })
    session.on('failed', done)
    session.on('ended', done)
    this.tell.phase('ringing', waits)
  }

  async answer(microphone: string): Promise<void> {
    const session = this.session
    if (!session || session.isEstablished() || this.microphone) return
    // Browsers hide the microphone from pages that came without encryption.
    if (!window.isSecureContext || !('mediaDevices' in navigator)) {
      this.tell.trouble('insecure')
      return
    }
    this.tell.phase('answering')
    let stream: MediaStream
    try {
      stream = await openMicrophone(microphone)
    } catch (e) {
      this.tell.trouble(microphoneTrouble(e instanceof Error ? e.name : ''))
      if (this.session === session) this.tell.phase('ringing')
      return
    }
    if (this.session !== session) { // the caller has left meanwhile
      stop(stream)
      return
    }
    this.microphone = stream
    this.tell.sound(stream, undefined)
    session.answer({ mediaStream: stream, pcConfig: { iceServers: [] } })
  }

  /** Answers without a microphone: who only listens is not asked for his. */
  listen(): void {
    const session = this.session
    if (!session || session.isEstablished() || this.microphone) return
    this.tell.phase('answering')
    this.microphone = this.silence()
    this.tell.sound(this.microphone, undefined)
    session.answer({ mediaStream: this.microphone, pcConfig: { iceServers: [] } })
  }

  private silence(): MediaStream {
    this.quiet ??= new AudioContext()
    const sound = this.quiet.createMediaStreamDestination()
    const nothing = new ConstantSourceNode(this.quiet, { offset: 0 })
    nothing.connect(sound)
    nothing.start()
    return sound.stream
  }

  refuse(): void {
    if (this.session?.isEstablished() === false) this.session.terminate({ status_code: 486, reason_phrase: 'Busy Here' })
  }

  hangup(): void {
    const s = this.session
    if (s && !s.isEnded()) s.terminate()
  }

  mute(on: boolean): void {
    if (on) this.session?.mute({ audio: true })
    else this.session?.unmute({ audio: true })
  }

  press(key: string): void {
    if (this.session?.isEstablished() === true) sendKey(this.session, this.watched, key)
  }

  /** Changes the microphone, in a call too; undefined for none. False where it cannot be had. */
  async choose(microphone: string | undefined): Promise<boolean> {
    const old = this.microphone
    if (!old) return true
    let next: MediaStream
    try {
      next = microphone === undefined ? this.silence() : await openMicrophone(microphone)
    } catch (e) {
      this.tell.trouble(microphoneTrouble(e instanceof Error ? e.name : ''))
      return false
    }
    const theirs = await sendInstead(this.watched, old, next)
    this.microphone = next
    this.tell.sound(next, theirs)
    return true
  }

  stop(): void {
    this.over = true
    clearTimeout(this.renewal)
    this.timers.clear()
    this.hangup()
    this.ua?.stop()
    this.ua = undefined
    stop(this.microphone)
    this.hush()
  }

  private free(): void {
    this.session = this.watched = undefined
    stop(this.microphone)
    this.microphone = undefined
    this.hush()
    this.tell.path?.(true)
    this.tell.phase('free')
  }

  private hush(): void {
    void this.quiet?.close()
    this.quiet = undefined
  }

  private watch(session: RTCSession, pc: RTCPeerConnection): void {
    if (this.watched === pc) return
    this.watched = pc
    watchSound(session, pc, this.timers, {
      path: (ok) => { this.tell.path?.(ok) },
      sound: (theirs) => { if (this.microphone) this.tell.sound(this.microphone, theirs) },
      online: () => this.ua?.isConnected() === true,
      lost: () => {
        this.tell.trouble('soundLost')
        session.terminate()
        if (this.session === session) this.free()
      },
    })
  }
}
