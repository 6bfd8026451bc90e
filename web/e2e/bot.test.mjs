// A person's recording talks to the bot of the demo business by /call: the program as it
// is shipped, with its models, in a real Chromium. It takes a minute and wants the
// models, so `make e2e` runs it and `make test` does not.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { openPage, root } from './stage.mjs'
import { patience, startCaller, until } from './telephone.mjs'

const binary = process.env.HOTLINE_BINARY ?? join(root, 'bin', 'hotline')
const shared = process.env.HOTLINE_SHARED ?? join(dirname(root), 'shared')
const recording = join(shared, 'speech', 'zh', 'sherpa_sense-voice_zh.wav') // "开放时间早上九点至下午五点"
const missing = [binary, recording].filter((f) => !existsSync(f))
const wanted = process.env.HOTLINE_E2E === '1'
if (wanted && missing.length > 0 && process.env.CI === 'true') throw new Error(`missing: ${missing.join(', ')}`)
const skip = !wanted ? 'only with HOTLINE_E2E=1' : missing.length > 0 && `MISSING-DATA: ${missing.join(', ')}`

const rate = 16000
const token = 'e2e-token'
const lead = 11 // seconds until the greeting is over
const pause = 2.5 // until the person speaks over the answer
let dir
let server
let exited
let browser
let url

const freePort = () => new Promise((resolve) => {
  const s = createServer().listen(0, '127.0.0.1', () => {
    const { port } = s.address()
    s.close(() => { resolve(port) })
  })
})

async function api(path) {
  const r = await fetch(`${url}/api/v1${path}`, { headers: { Authorization: `Bearer ${token}` } })
  assert.equal(r.status, 200, path)
  return r
}

/** The recording twice: as a question, and over its answer. */
function microphone() {
  const source = readFileSync(recording)
  const speech = source.subarray(source.indexOf('data') + 8)
  const quiet = (s) => Buffer.alloc(2 * Math.round(s * rate))
  const sound = Buffer.concat([quiet(lead), speech, quiet(pause), speech, quiet(60)])
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + sound.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(2 * rate, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(sound.length, 40)
  const file = join(dir, 'person.wav')
  writeFileSync(file, Buffer.concat([head, sound]))
  return `${file}%noloop`
}

before(async () => {
  if (skip) return
  dir = mkdtempSync(join(tmpdir(), 'hotline-bot-'))
  const business = join(dir, 'business')
  cpSync(join(root, 'examples', 'retail-zh'), business, { recursive: true })
  const [sip, web] = await Promise.all([freePort(), freePort()])
  url = `http://127.0.0.1:${web}`
  const low = 21000 + 2 * Math.floor(Math.random() * 1500)
  const log = openSync(join(dir, 'server.log'), 'w')
  server = spawn(binary, ['serve', '--business', business], {
    cwd: root, stdio: ['ignore', log, log],
    env: {
      ...process.env, HOTLINE_SIP_LISTEN: `127.0.0.1:${sip}`, HOTLINE_HTTP_LISTEN: `127.0.0.1:${web}`, HOTLINE_DATA_DIR: join(dir, 'data'),
      HOTLINE_RTP_LOW: String(low), HOTLINE_RTP_HIGH: String(low + 99), HOTLINE_API_TOKEN: token, HOTLINE_DEMO_PASSWORD: 'e2e-password-1',
    },
  })
  exited = new Promise((resolve) => { server.on('exit', resolve) })
  await until(async () => {
    if (server.exitCode !== null) throw new Error(`the server ended: ${readFileSync(join(dir, 'server.log'), 'utf8').slice(-2000)}`)
    return (await fetch(`${url}/readyz`).catch(() => undefined))?.ok
  }, 'the server takes calls', 90_000)
  browser = await startCaller(0, microphone())
})

after(async () => {
  await browser?.stop()
  server?.kill('SIGTERM')
  await exited
  if (process.env.DEBUG && dir) console.log(readFileSync(join(dir, 'server.log'), 'utf8'))
  if (dir) rmSync(dir, { recursive: true, force: true })
})

test('a person asks for the opening hours, speaks over the answer, presses a key and hangs up', { skip }, async () => {
  const page = await openPage(browser.context, [])
  page.setDefaultTimeout(patience)
  await page.goto(`${url}/call`)
  await page.locator('[data-do=call]:not([disabled])').click()
  await page.locator('.status', { hasText: '通话中' }).waitFor()
  const heard = () => page.locator('.bot [role=meter]').getAttribute('aria-valuenow').then(Number)
  await until(async () => (await heard()) > 30, 'the greeting is heard')

  const [{ id }] = (await (await api('/calls')).json()).items
  const detail = async () => (await api(`/calls/${id}`)).json()
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
  const wav = Buffer.from(await (await api(`/calls/${id}/recording`)).arrayBuffer())
  const at = wav.indexOf('data') + 8
  const loud = [0, 0]
  for (let i = at; i + 4 <= wav.length; i += 4) {
    for (const side of [0, 1]) loud[side] = Math.max(loud[side], Math.abs(wav.readInt16LE(i + 2 * side)))
  }
  assert.ok(loud[0] > 2000, `the caller is on the recording: ${loud[0]}`)
  assert.ok(loud[1] > 2000, `the bot is on the recording: ${loud[1]}`)
})
