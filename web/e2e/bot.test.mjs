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
const greeting = join(shared, 'speech', 'zh', 'funasr_example.wav') // "每一天都要快乐喔"
const missing = [binary, recording, greeting].filter((f) => !existsSync(f))
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
const people = [] // more browsers
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

const speechOf = (file) => {
  const source = readFileSync(file)
  return source.subarray(source.indexOf('data') + 8)
}
const quiet = (s) => Buffer.alloc(2 * Math.round(s * rate))

/** A microphone's file of some sounds. */
function microphone(name, ...sounds) {
  const sound = Buffer.concat(sounds)
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
  const file = join(dir, name)
  writeFileSync(file, Buffer.concat([head, sound]))
  return file
}

before(async () => {
  if (skip) return
  dir = mkdtempSync(join(tmpdir(), 'hotline-bot-'))
  const business = join(dir, 'business')
  cpSync(join(root, 'examples', 'retail-zh'), business, { recursive: true })
  const file = join(business, 'business.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^hours:.*\n((?:[ \t#].*)?\n)*/m, '')) // people are there on any day
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
  // As a question, and over its answer.
  const speech = speechOf(recording)
  browser = await startCaller(0, `${microphone('person.wav', quiet(lead), speech, quiet(pause), speech, quiet(60))}%noloop`)
})

after(async () => {
  await Promise.all([browser, ...people].map((b) => b?.stop()))
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

test('two people talk in their browsers, and the agent reads what both of them say', { skip }, async () => {
  const made = await fetch(`${url}/api/v1/users`, {
    method: 'POST', headers: { 'Authorization': `Bearer ${token}`, 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'agent1', role: 'agent' }),
  })
  assert.equal(made.status, 201)
  const { password } = await made.json()
  people.push(...await Promise.all([
    startCaller(0, microphone('caller.wav', speechOf(recording), quiet(5))),
    startCaller(0, microphone('agent.wav', speechOf(greeting), quiet(6))),
  ]))
  const [caller, agent] = await Promise.all(people.map((b) => openPage(b.context, [])))
  for (const p of [caller, agent]) p.setDefaultTimeout(60_000)
  await agent.goto(`${url}/login?to=/desk`)
  await agent.locator('input[name=username]').fill('agent1')
  await agent.locator('input[name=password]').fill(password)
  await agent.locator('button[type=submit]').click()
  await agent.locator('.desk[data-registered=true] .dot.ready').waitFor()

  await caller.goto(`${url}/call`)
  await caller.locator('[data-do=call]:not([disabled])').click()
  await caller.locator('.status', { hasText: '通话中' }).waitFor()
  await caller.locator('[data-do=keypad]').click()
  await caller.locator('[data-key="0"]').click() // a person, please
  await agent.locator('.desk[data-phase=ringing]').waitFor()
  await agent.keyboard.press('Enter')
  await agent.locator('.desk[data-phase=talking]').waitFor()
  // What is read was heard through both browsers, the server and the recogniser.
  await agent.locator('.lines > .transcript .turn.caller .text', { hasText: /九点|五点/ }).first().waitFor({ timeout: 120_000 })
  await agent.locator('.lines > .transcript .turn.agent .text', { hasText: /快乐/ }).first().waitFor({ timeout: 120_000 })
  await until(async () => (await agent.locator('.level.them [role=meter]').getAttribute('aria-valuenow').then(Number)) > 30, 'the caller is heard')
  await until(async () => (await caller.locator('.bot [role=meter]').getAttribute('aria-valuenow').then(Number)) > 30, 'the agent is heard')
  await agent.locator('[data-do=hangup]').click()
})
