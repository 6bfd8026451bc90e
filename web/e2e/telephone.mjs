// What the tests of calls stand on: the real signalling and media with lines that hum,
// and a Chromium whose microphone hums too.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { rolldown } from 'rolldown'
import { root, startBrowser } from './stage.mjs'

export const patience = 20_000

/** Waits until f gives something, and returns it. */
export async function until(f, what, time = patience) {
  const end = Date.now() + time
  for (;;) {
    const got = await f()
    if (got) return got
    if (Date.now() > end) throw new Error(`in vain: ${what}`)
    await new Promise((r) => { setTimeout(r, 50) })
  }
}

/** Builds and starts the telephone; its events are collected. */
export async function startTelephone(...flags) {
  const binary = join(root, 'bin', 'console-telephone') // linked once, as the server of stage.mjs
  execFileSync('go', ['build', '-tags', 'nolibopusfile', '-o', binary, './internal/stand/telephone'], { cwd: root, stdio: 'inherit' })
  const child = spawn(binary, process.env.DEBUG ? ['-v', ...flags] : flags, { stdio: ['pipe', 'pipe', process.env.DEBUG ? 'inherit' : 'ignore'] })
  const ended = new Promise((resolve) => { child.on('exit', resolve) })
  let events = []
  createInterface({ input: child.stdout }).on('line', (l) => { events.push(JSON.parse(l)) })
  const find = (match) => events.find((e) => Object.entries(match).every(([k, v]) => (typeof v === 'function' ? v(e[k]) : e[k] === v)))
  const { url, password } = await until(() => {
    if (child.exitCode !== null) throw new Error(`the telephone ended with ${child.exitCode}`)
    return find({ event: 'ready' })
  }, 'the telephone is ready')
  return {
    url,
    password, // of agent1 and agent2
    /** Waits for an event since the last forget. */
    event: (match) => until(() => find(match), `${Object.entries(match).map(([k, v]) => `${k} ${v}`).join(', ')} of ${JSON.stringify(events.slice(-5))}`),
    seen: find,
    forget: () => { events = [] },
    /** Has the caller or the agent say something in the calls in progress, as if it had been recognised. */
    say: (as, text) => { child.stdin.write(`${JSON.stringify({ say: text, as })}\n`) },
    hangup: () => { child.stdin.write('hangup\n') },
    /** "campaigns" begins two in which agents talk, "ahead" calls somebody for whoever is free. */
    command: (what) => { child.stdin.write(`${what}\n`) },
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}

/** A WAV of samples. */
export function wav(samples, rate = 48000) {
  const b = Buffer.alloc(44 + 2 * samples.length)
  b.write('RIFF', 0)
  b.writeUInt32LE(36 + 2 * samples.length, 4)
  b.write('WAVEfmt ', 8)
  b.writeUInt32LE(16, 16)
  b.writeUInt16LE(1, 20)
  b.writeUInt16LE(1, 22)
  b.writeUInt32LE(rate, 24)
  b.writeUInt32LE(2 * rate, 28)
  b.writeUInt16LE(2, 32)
  b.writeUInt16LE(16, 34)
  b.write('data', 36)
  b.writeUInt32LE(2 * samples.length, 40)
  samples.forEach((s, i) => { b.writeInt16LE(Math.round(s), 44 + 2 * i) })
  return b
}

/** A Chromium whose microphone hums, or plays a file. */
export async function startCaller(hz, file = '', more = []) {
  const dir = mkdtempSync(join(tmpdir(), 'hotline-mic-'))
  let microphone = file
  if (file === '') {
    microphone = join(dir, 'mic.wav')
    writeFileSync(microphone, wav(Array.from({ length: 96000 }, (_, i) => 8000 * Math.sin((2 * Math.PI * hz * i) / 48000))))
  }
  const browser = await startBrowser(
    '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${microphone}`,
    '--allow-loopback-in-peer-connection', '--autoplay-policy=no-user-gesture-required', ...more,
  )
  // What cleans voices takes a hum for noise. And sockets are kept, so that one can be cut.
  await browser.context.addInitScript(() => {
    const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices)
    if (open) {
      window.microphones = []
      navigator.mediaDevices.getUserMedia = async (c) => {
        const stream = await open({ audio: { ...(typeof c.audio === 'object' ? c.audio : {}), echoCancellation: false, noiseSuppression: false, autoGainControl: false } })
        window.microphones.push(stream.getAudioTracks()[0])
        return stream
      }
    }
    const Socket = window.WebSocket
    window.sockets = []
    window.WebSocket = class extends Socket {
      constructor(...a) {
        super(...a)
        window.sockets.push(this)
      }
    }
  })
  const { stop } = browser
  return { ...browser, stop: async () => { await stop(); rmSync(dir, { recursive: true, force: true }) } }
}

/** The loudest pitch that a page hears, in Hz; 0 for silence. */
export function pitch(page, selector = 'audio') {
  return page.evaluate(async (s) => {
    const stream = document.querySelector(s)?.srcObject
    if (!stream || stream.getAudioTracks().length === 0) return 0
    window.ear ??= new AudioContext()
    await window.ear.resume()
    const analyser = window.ear.createAnalyser()
    analyser.fftSize = 8192
    analyser.smoothingTimeConstant = 0
    const source = window.ear.createMediaStreamSource(stream)
    source.connect(analyser)
    await new Promise((r) => { setTimeout(r, 400) })
    const bins = new Float32Array(analyser.frequencyBinCount)
    analyser.getFloatFrequencyData(bins)
    source.disconnect()
    const top = bins.reduce((best, v, i) => (v > bins[best] ? i : best), 4)
    return bins[top] < -70 ? 0 : (top * window.ear.sampleRate) / analyser.fftSize
  }, selector)
}

export const hears = (page, hz) => until(async () => Math.abs((await pitch(page)) - hz) < 15, `the page hears ${hz} Hz`)
export const silence = (page) => until(async () => (await pitch(page)) === 0, 'the page hears nothing')

/** A package as a script for pages that are no pages of ours, a global of that name. */
export async function bundle(input, name) {
  const build = await rolldown({ input, cwd: join(root, 'web'), platform: 'browser', logLevel: 'silent' })
  const { output } = await build.generate({ format: 'iife', name, exports: 'named' })
  return `${output[0].code};window.${name} = ${name}.default ?? ${name};`
}
