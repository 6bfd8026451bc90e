// /call and /desk in two real Chromium with microphones that hum, against the real
// signalling, media and queue: what a caller and two agents hear of each other.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openPage, root } from './stage.mjs'
import { hears, patience, silence, startCaller, startTelephone, until } from './telephone.mjs'

let telephone
let callers
let first
let second
let caller
let agent
const complaints = []

/** With `npm run screens`: a picture in both languages and themes. Look at them. */
async function shoot(what, ...languages) {
  if (process.env.SCREENS !== '1') return
  const out = join(root, 'docs', 'screens')
  mkdirSync(out, { recursive: true })
  for (const language of languages) {
    if (languages.length > 1) {
      await agent.locator('button.tool').first().click()
      await agent.waitForTimeout(700)
      await agent.locator('.el-dropdown-menu__item:visible', { hasText: language }).click()
      await agent.waitForTimeout(700)
    }
    for (const theme of ['light', 'dark']) {
      await agent.evaluate(() => { document.activeElement?.blur() })
      await agent.waitForTimeout(300)
      await agent.screenshot({ path: join(out, `desk-${what}-desktop-${language === '中文' ? 'zh' : 'en'}-${theme}.png`) })
      await agent.keyboard.press('D')
    }
  }
}

const press = (page, name) => page.locator(`[data-do=${name}]`).click()
const phase = (page, p) => page.locator(`.desk[data-phase=${p}]`).waitFor()
/** Waits until the page's telephone is there and its agent in a state; if not, tells what is shown. */
async function stands(page, state) {
  try {
    await page.locator(`.desk[data-registered=true] .dot.${state}`).waitFor()
  } catch (e) {
    const shown = await page.evaluate(() => ({ desk: { ...document.querySelector('.desk')?.dataset }, text: document.body.innerText.slice(0, 600), dots: [...document.querySelectorAll('.dot')].map((d) => d.className) }))
    throw new Error(`${e.message}\n${JSON.stringify(shown)}`, { cause: e })
  }
}
const ready = (page) => stands(page, 'ready')

async function open(browser, name, prepare) {
  const page = await openPage(browser.context, complaints)
  await prepare?.(page)
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

const level = (page, who) => page.locator(`.level.${who} [role=meter]`).getAttribute('aria-valuenow').then(Number)

async function noNote(page) {
  await press(page, 'skip')
  await page.locator('.wrap').waitFor({ state: 'detached' })
}

before(async () => {
  telephone = await startTelephone('-disk=1s') // slower than an agent's page
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
  await shoot('ringing', '中文')
  await press(agent, 'answer')
  await phase(agent, 'talking')
  await hears(caller, 620)
  await hears(agent, 440)
  await shoot('talking', 'English', '中文')
  assert.match(await agent.locator('.timer').textContent(), /^\d+:\d\d$/)
})

test('meters show both sides, and another microphone is taken during the call', async () => {
  await until(async () => (await level(agent, 'you')) > 30 && (await level(agent, 'them')) > 30, 'both are loud')
  await agent.keyboard.press('m')
  await until(async () => (await level(agent, 'you')) === 0, 'what is muted is not loud')
  await agent.keyboard.press('m')
  const select = agent.locator('select[name=microphone]')
  const before = await select.inputValue()
  const other = await select.locator('option').evaluateAll((all, b) => all.map((o) => o.value).find((v) => v !== b), before)
  const used = () => agent.evaluate(() => window.microphones.at(-1).getSettings().deviceId)
  await select.selectOption(other)
  await until(async () => (await used()) === other, 'the other one is open')
  await hears(caller, 620)
  await until(async () => (await level(agent, 'you')) > 30, 'it is loud')
  await select.selectOption(before)
  await until(async () => (await used()) === before, 'the first one is open again')
})

test('the customer is changed beside the call, and is another time', async () => {
  const customer = agent.locator('.customer')
  const saved = async (f) => {
    const [r] = await Promise.all([agent.waitForResponse((x) => /\/customers\/[^/]+$/.test(x.url()) && x.request().method() === 'PATCH'), f()])
    assert.equal(r.status(), 200)
  }
  await customer.locator('input[name=customer-name]').fill('王女士')
  await saved(() => agent.keyboard.press('Enter'))
  await customer.locator('input[name=customer-tag]').fill('耳机，老客户')
  await saved(() => agent.keyboard.press('Enter'))
  await saved(() => customer.locator('[data-customer=tier]').click())
  await saved(() => customer.locator('[data-consent=sms]').click())
  await customer.locator('textarea[name=customer-notes]').fill('喜欢下午接电话。')
  await saved(() => agent.locator('.who h2').click())
  await customer.getByRole('status').waitFor()
  const page = await agent.context().newPage()
  await page.goto(`${telephone.url}${await customer.locator('a').first().getAttribute('href')}`)
  await page.getByText('王女士').first().waitFor()
  await until(async () => (await page.locator('input').evaluateAll((all) => all.map((i) => i.value))).includes('耳机, 老客户'), 'the tags are there')
  await page.close()
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

test('as the caller speaks, answers come; keys put them where they are wanted', async () => {
  await agent.keyboard.press('k') // the keypad would take the digits
  telephone.say('caller', '退回去的运费谁出啊')
  await agent.locator('.lines').getByText('退回去的运费谁出啊').waitFor()
  const answers = agent.locator('.dock [data-answer]')
  await answers.first().waitFor()
  assert.ok((await answers.count()) <= 3)
  const id = await answers.first().getAttribute('data-answer')
  await agent.keyboard.press('1')
  await until(async () => (await agent.locator('textarea[name=jot]').inputValue()).length > 10, 'the answer stands in the note')
  await agent.locator(`[data-answer="${id}"].used`).waitFor()

  telephone.say('agent', '我保证今天到')
  await agent.locator('.lines').getByText('我保证今天到').waitFor()
  await agent.locator('[data-warning=promise]', { hasText: '我保证今天到' }).waitFor()
  telephone.say('caller', '再不处理我就去投诉你们')
  await agent.locator('[data-warning=complaint]').waitFor()
  await agent.locator('[data-phrase=complaint]').waitFor()
  telephone.say('caller', '我的快递到哪了，后四位是0 0 3 2')
  await agent.locator('[data-suggest=task]', { hasText: '0032' }).waitFor()
  telephone.say('agent', '我让仓库同事明天给您回电。')
  await shoot('suggestions', 'English', '中文')
  await agent.locator('[data-warning=promise] button').first().click()

  await agent.keyboard.press('v')
  await agent.keyboard.press('1')
  const sms = agent.locator('textarea[name=sms]')
  await sms.waitFor()
  assert.ok((await sms.inputValue()).length > 5)
  await agent.keyboard.press('Escape')
  await sms.waitFor({ state: 'detached' })
})

test('what the agent writes down after the call is kept', async () => {
  const jotted = await agent.locator('textarea[name=jot]').inputValue()
  await press(agent, 'hangup')
  await phase(agent, 'free')
  await agent.locator('.wrap[data-drafted=true]').waitFor()
  assert.equal(await agent.locator('textarea[name=note]').inputValue(), jotted, 'what was typed is not taken')
  await agent.locator('[data-what=draft]', { hasText: '明天给您回电' }).waitFor()
  await press(agent, 'draft-take')
  await agent.locator('select[name=code]').selectOption('exchange')
  await shoot('wrap-up', 'English', '中文')
  await press(agent, 'ticket')
  await agent.locator('.el-dialog textarea').first().waitFor()
  assert.match(await agent.locator('.el-dialog textarea').first().inputValue(), /./)
  await agent.keyboard.press('Escape')

  // The next call rings before it is saved: nothing is lost.
  await agent.locator('textarea[name=note]').press('End')
  await agent.locator('textarea[name=note]').pressSequentially('再寄一副')
  const written = await agent.locator('textarea[name=note]').inputValue()
  await caller.locator('[data-do=hangup]').click().catch(() => undefined)
  await caller.locator('[data-do=call]').waitFor()
  await talk()
  assert.equal(await agent.locator('textarea[name=jot]').inputValue(), '', 'another call, another note')
  await agent.locator('[data-what=unsaved]').waitFor()
  await press(agent, 'hangup')
  await phase(agent, 'free')
  await noNote(agent)
  await press(agent, 'unsaved')
  await until(async () => (await agent.locator('textarea[name=note]').inputValue()) === written, 'it is all there')
  await agent.locator('textarea[name=note]').focus()
  const [request] = await Promise.all([
    agent.waitForResponse((r) => r.url().endsWith('/wrap-up') && r.request().method() === 'PUT'),
    agent.keyboard.press('Control+Enter'),
  ])
  assert.equal(request.status(), 204)
  assert.ok(request.request().postDataJSON().seconds >= 0)
  await agent.locator('.wrap').waitFor({ state: 'detached' })
  await agent.locator('[data-what=wrap-up-figures] [data-how=edited]').waitFor()
})

test('states outlive a reload: no call comes in a break', async () => {
  await caller.locator('[data-do=hangup]').click().catch(() => undefined)
  await agent.locator('select[name=state]').selectOption('break:lunch')
  await agent.locator('.dot.break').waitFor()
  await agent.reload()
  await stands(agent, 'break')
  assert.equal(await agent.locator('select[name=state]').inputValue(), 'break:lunch')
  await agent.locator('select[name=state]').selectOption('ready')
  await ready(agent)
})

test('loading the page again keeps the call and what was typed', async () => {
  await caller.locator('[data-do=call]').waitFor()
  await talk()
  await agent.locator('textarea[name=jot]').fill('客户要换左边的耳机')
  await agent.locator('.jot .kept').waitFor()
  await agent.reload()
  await phase(agent, 'talking')
  await hears(caller, 620)
  await hears(agent, 440)
  await until(async () => (await agent.locator('textarea[name=jot]').inputValue()) === '客户要换左边的耳机', 'the note is there')
  await until(async () => (await agent.locator('input[name=customer-name]').inputValue()) === '王女士', 'the customer is known')
})

test('five seconds without the network, sound and all, keep the call', async () => {
  // First the signalling alone: the sound goes on.
  const cdp = await agent.context().newCDPSession(agent)
  await cdp.send('Network.enable')
  await cdp.send('Network.emulateNetworkConditions', { offline: true, latency: 0, downloadThroughput: -1, uploadThroughput: -1 })
  await agent.evaluate(() => { for (const s of window.sockets) s.close() })
  await agent.locator('.desk .banner').waitFor()
  await hears(caller, 620)
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 })
  await agent.locator('.desk .banner').waitFor({ state: 'detached' })
  await hears(agent, 440)

  // Then all of it.
  first.network(false)
  try {
    await agent.locator('[data-what=no-sound]').waitFor()
    await silence(agent)
    await silence(caller)
    await agent.waitForTimeout(2000) // about five seconds in all
  } finally {
    first.network(true)
  }
  await agent.locator('[data-what=no-sound]').waitFor({ state: 'detached' })
  await hears(agent, 440)
  await hears(caller, 620)
  await phase(agent, 'talking')
  await press(agent, 'hangup')
  await phase(agent, 'free')
  await noNote(agent)
  await caller.locator('[data-do=hangup]').click().catch(() => undefined)
})

test('an answer that news overtake takes nothing back', async () => {
  let read
  let free
  const both = new Promise((r) => { read = r })
  const late = new Promise((r) => { free = r })
  let n = 0
  // The page reads his state twice before his telephone is heard of; the second answer is slow.
  const page = await open(second, 'agent2', (p) => p.route('**/api/v1/desk', async (r) => {
    const mine = ++n
    const answer = await r.fetch()
    if (mine === 1) await Promise.race([both, p.waitForTimeout(3000)])
    if (mine === 2) {
      read()
      await late
    }
    await r.fulfill({ response: answer })
  }))
  await stands(page, 'ready')
  assert.equal(n, 2)
  const answered = page.waitForResponse((r) => r.url().endsWith('/api/v1/desk'))
  free()
  await (await answered).finished()
  await page.waitForTimeout(500)
  await stands(page, 'ready')
  telephone.forget()
  await page.close()
  await telephone.event({ event: 'agent', name: 'agent2', here: false })
})

test('a call goes to a second agent, who is rung for it', async () => {
  // His page has been heard of by the telephone before it hears of what happens.
  let hear
  const late = new Promise((r) => { hear = r })
  const other = await open(second, 'agent2', (page) => page.route('**/events', async (r) => { await late; await r.continue() }))
  await other.locator('.desk[data-registered=true]').waitFor()
  await caller.locator('[data-do=call]').waitFor()
  await talk()
  // Asked first: the caller hears music, the two agents each other; then all three.
  await agent.keyboard.press('t')
  await until(async () => (await agent.locator('select[name=agent] option[value=agent2]').getAttribute('disabled')) === null, 'the second agent can be chosen')
  await agent.locator('input[value=consult]').check()
  await agent.locator('select[name=agent]').selectOption('agent2')
  await press(agent, 'transfer-go')
  await phase(other, 'ringing')
  await other.waitForTimeout(2500) // the disk is slow
  hear()
  await other.locator('.ringing').getByText('订单 A1024 的耳机左边没有声音').waitFor()
  await other.keyboard.press('Enter')
  await phase(other, 'talking')
  await hears(agent, 880)
  await hears(other, 620)
  await press(agent, 'complete')
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
