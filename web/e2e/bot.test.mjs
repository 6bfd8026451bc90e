// A person's recording talks to the bot of the demo business by /call: the program as it
// is shipped, with its models, in a real Chromium. It takes a minute and wants the
// models, so `make e2e` runs it and `make test` does not.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { binary, leftOut, samples, shared, startProgram } from './program.mjs'
import { openPage } from './stage.mjs'
import { patience, startCaller, until, wav } from './telephone.mjs'

const recording = join(shared, 'speech', 'zh', 'sherpa_sense-voice_zh.wav') // "开放时间早上九点至下午五点"
const skip = leftOut(binary, recording)

const lead = 11 // seconds until the greeting is over
const pause = 2.5 // until the person speaks over the answer
let dir
let program
let browser

/** The recording twice: as a question, and over its answer. */
function microphone() {
  const { rate, sound } = samples(recording)
  const quiet = (s) => new Array(Math.round(s * rate)).fill(0)
  const file = join(dir, 'person.wav')
  writeFileSync(file, wav([...quiet(lead), ...sound, ...quiet(pause), ...sound, ...quiet(60)], rate))
  return `${file}%noloop`
}

before(async () => {
  if (skip) return
  dir = mkdtempSync(join(tmpdir(), 'hotline-bot-'))
  program = await startProgram()
  browser = await startCaller(0, microphone())
})

after(async () => {
  await browser?.stop()
  await program?.stop()
  if (dir) rmSync(dir, { recursive: true, force: true })
})

test('a person asks for the opening hours, speaks over the answer, presses a key and hangs up', { skip }, async () => {
  const page = await openPage(browser.context, [])
  page.setDefaultTimeout(patience)
  await page.goto(`${program.url}/call`)
  await page.locator('[data-do=call]:not([disabled])').click()
  await page.locator('.status', { hasText: '通话中' }).waitFor()
  const heard = () => page.locator('.bot [role=meter]').getAttribute('aria-valuenow').then(Number)
  await until(async () => (await heard()) > 30, 'the greeting is heard')

  const [{ id }] = (await (await program.api('/calls')).json()).items
  const detail = async () => (await program.api(`/calls/${id}`)).json()
  const kinds = async (kind) => (await detail()).timeline.filter((e) => e.kind === kind)
  // The second time that the person has spoken, the bot has something to be interrupted in.
  await until(async () => (await kinds('transcript')).length > 0, 'the question is understood', 40_000)
  await until(async () => (await kinds('barge_in')).length > 0, 'the bot is interrupted', 60_000)
  const answers = await until(async () => {
    const all = (await detail()).turns.filter((t) => t.speaker === 'bot' && t.knowledge_id === 'store-hours')
    return all.length > 1 && all
  }, 'both are answered', 60_000)
  assert.match(answers[0].text, /十点.*九点/)

  await page.locator('[data-do=keypad]').click()
  await page.locator('[data-key="5"]').click()
  await until(async () => (await kinds('dtmf')).length > 0, 'the key arrives')
  await page.locator('[data-do=hangup]').click()
  const ended = await until(async () => { const d = await detail(); return d.end_cause && d }, 'the record is closed')
  assert.equal(ended.end_cause, 'caller_hangup')

  // Both sides are on the recording: the caller left, we right.
  const record = Buffer.from(await (await program.api(`/calls/${id}/recording`)).arrayBuffer())
  const at = record.indexOf('data') + 8
  const loud = [0, 0]
  for (let i = at; i + 4 <= record.length; i += 4) {
    for (const side of [0, 1]) loud[side] = Math.max(loud[side], Math.abs(record.readInt16LE(i + 2 * side)))
  }
  assert.ok(loud[0] > 2000, `the caller is on the recording: ${loud[0]}`)
  assert.ok(loud[1] > 2000, `the bot is on the recording: ${loud[1]}`)
})
