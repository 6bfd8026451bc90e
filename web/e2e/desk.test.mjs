// /call and /desk in two real Chromium with microphones that hum, against the real
// signalling, media and queue: what a caller and two agents hear of each other.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openPage } from './stage.mjs'
import { hears, patience, silence, startCaller, startTelephone, until } from './telephone.mjs'

let telephone
let callers
let first
let second
let caller
let agent
const complaints = []

const says = (page, text) => page.locator('.status', { hasText: text }).waitFor()
const press = (page, name) => page.locator(`[data-do=${name}]`).click()
const phase = (page, p) => page.locator(`.desk[data-phase=${p}]`).waitFor()
const ready = (page) => page.locator('.desk[data-registered=true] .dot.ready').waitFor()

async function open(browser, name) {
  const page = await openPage(browser.context, complaints)
  page.setDefaultTimeout(patience)
  await page.goto(`${telephone.url}/login?to=/desk`)
  await page.locator('input[name=username]').fill(name)
  await page.locator('input[name=password]').fill(telephone.password)
  await page.locator('button[type=submit]').click()
  await page.locator('.desk').waitFor()
  return page
}

async function call() {
  if (!caller) {
    caller = await openPage(callers.context, complaints)
    caller.setDefaultTimeout(patience)
    await caller.goto(`${telephone.url}/call`)
  }
  telephone.forget()
  await caller.locator('input[value="7000"]').check()
  await press(caller, 'call')
}

async function talk() {
  await ready(agent)
  await call()
  await phase(agent, 'ringing')
  await agent.keyboard.press('Enter')
  await phase(agent, 'talking')
  await hears(caller, 620)
  await hears(agent, 440)
}

async function noNote(page) {
  await press(page, 'skip')
  await page.locator('.wrap').waitFor({ state: 'detached' })
}

before(async () => {
  telephone = await startTelephone()
  ;[callers, first, second] = await Promise.all([startCaller(440), startCaller(620), startCaller(880)])
  agent = await open(first, 'agent1')
})

after(async () => {
  await Promise.all([callers?.stop(), first?.stop(), second?.stop()])
  await telephone?.stop()
})

test('a call rings with who, why and what it is about; both hear each other', async () => {
  await ready(agent)
  await call()
  await phase(agent, 'ringing')
  const ringing = agent.locator('.ringing')
  await ringing.getByText('订单 A1024 的耳机左边没有声音').waitFor()
  await ringing.locator('[data-what=why]', { hasText: '要求' }).waitFor()
  await agent.keyboard.press('Enter')
  await phase(agent, 'talking')
  await hears(caller, 620)
  await hears(agent, 440)
  assert.match(await agent.locator('.timer').textContent(), /^\d+:\d\d$/)
})

test('mute silences the agent, hold plays music and keeps the two apart', async () => {
  await agent.keyboard.press('m')
  await silence(caller)
  await agent.keyboard.press('m')
  await hears(caller, 620)
  await agent.keyboard.press('h')
  await agent.locator('.status', { hasText: '已保持' }).waitFor()
  await silence(agent)
  await agent.keyboard.press('h')
  await agent.locator('.status', { hasText: '通话中' }).waitFor()
  await hears(agent, 440)
  await hears(caller, 620)
  await agent.keyboard.press('k')
  await agent.keyboard.press('5')
  assert.equal(await agent.locator('.pad .pressed').textContent(), '5')
})

test('what the agent writes down after the call is kept', async () => {
  await press(agent, 'hangup')
  await phase(agent, 'free')
  await agent.locator('select[name=code]').selectOption('exchange')
  await agent.locator('textarea[name=note]').fill('寄一副新的耳机')
  const [request] = await Promise.all([
    agent.waitForResponse((r) => r.url().endsWith('/wrap-up')),
    agent.keyboard.press('Control+Enter'),
  ])
  assert.equal(request.status(), 204)
  await agent.locator('.wrap').waitFor({ state: 'detached' })
})

test('states outlive a reload: no call comes in a break', async () => {
  await caller.locator('[data-do=hangup]').click().catch(() => undefined)
  await agent.locator('select[name=state]').selectOption('break:lunch')
  await agent.locator('.dot.break').waitFor()
  await agent.reload()
  await agent.locator('.desk[data-registered=true] .dot.break').waitFor()
  assert.equal(await agent.locator('select[name=state]').inputValue(), 'break:lunch')
  await agent.locator('select[name=state]').selectOption('ready')
  await ready(agent)
})

test('a call goes to a second agent, who is rung for it', async () => {
  const other = await open(second, 'agent2')
  await ready(other)
  await caller.locator('[data-do=call]').waitFor()
  await talk()
  await agent.keyboard.press('t')
  await until(async () => (await agent.locator('select[name=agent] option[value=agent2]').getAttribute('disabled')) === null, 'the second agent can be chosen')
  await agent.locator('select[name=agent]').selectOption('agent2')
  await press(agent, 'transfer-go')
  await phase(other, 'ringing')
  await other.keyboard.press('Enter')
  await phase(other, 'talking')
  await hears(caller, 880)
  await hears(other, 440)
  await phase(agent, 'free')
  await noNote(agent)
  await press(other, 'hangup')
  await noNote(other)
  await caller.locator('[data-do=hangup]').click().catch(() => undefined)
  await other.close()
})

test('signing out takes the telephone away', async () => {
  telephone.forget()
  await agent.evaluate(() => { window.kept = true })
  await agent.locator('.tool.who').click()
  await agent.getByText('退出登录').click()
  await telephone.event({ event: 'agent', name: 'agent1', here: false })
})

test('the browser had nothing to complain of', () => {
  // Cut sockets and refusals are what is tested.
  assert.deepEqual(complaints.filter((c) => !/WebSocket|JsSIP|Cross-Origin-Opener-Policy header has been ignored/.test(c)), [])
})
