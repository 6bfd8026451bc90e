// Agents in campaigns: whom one looks at before he is called, from the card to the next
// one; who asks for no more calls, and the supervisor who takes it back; and a call that somebody waits in already, which the
// desk takes by itself. With SCREENS=1 the pictures go to docs/screens.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openPage, pictures, startBrowser } from './stage.mjs'
import { hears, patience, startCaller, startTelephone, until } from './telephone.mjs'

let telephone
let browser
let office
let agent
const complaints = []

const press = (name) => agent.locator(`[data-do=${name}]`).click()
const phase = (p) => agent.locator(`.desk[data-phase=${p}]`).waitFor()
const card = () => agent.locator('[data-what=contact]')

before(async () => {
  telephone = await startTelephone()
  browser = await startCaller(620)
  agent = await openPage(browser.context, complaints)
  agent.setDefaultTimeout(patience)
  await agent.goto(`${telephone.url}/login?to=/desk`)
  await agent.locator('input[name=username]').fill('agent1')
  await agent.locator('input[name=password]').fill(telephone.password)
  await agent.locator('button[type=submit]').click()
  await agent.locator('.desk[data-registered=true] .dot.ready').waitFor()
})

after(async () => {
  await browser?.stop()
  await office?.stop()
  await telephone?.stop()
})

test('whom to call next is seen before he is called', async () => {
  telephone.command('campaigns')
  await card().getByRole('heading', { name: '王芳' }).waitFor()
  await card().getByText('您好，王芳，我是云帆数码的小李，您买的洗衣机定在周六上午上门安装').waitFor()
  await card().locator('.fields').getByText('洗衣机', { exact: true }).waitFor()
  await card().getByText('139 1234 0021').waitFor()
  await pictures(agent, 'desk-contact')
  await agent.locator('select[name=state]').selectOption('break:lunch')
  await card().getByRole('status').waitFor()
  assert.ok(await agent.locator('[data-do=dial-contact]').isDisabled(), 'in a break nobody is called')
  await agent.locator('select[name=state]').selectOption('ready')
})

test('his own telephone rings, then the contact’s, and both talk', async () => {
  telephone.forget()
  await press('dial-contact')
  await phase('ringing')
  assert.equal(telephone.seen({ event: 'call', to: '8000' }), undefined, 'nobody is called before the agent is on the line')
  await agent.keyboard.press('Enter')
  await phase('talking')
  await telephone.event({ event: 'call', to: '8000' })
  await hears(agent, 1004)
  await telephone.event({ event: 'heard', hz: (hz) => Math.abs(hz - 620) < 15 })
})

test('who asks for no more calls is listed at once, with the call', async () => {
  const never = agent.locator('.customer [data-what=do-not-call]')
  await never.locator('[data-do=do-not-call]').click()
  await never.locator('[data-do=do-not-call-now]').click()
  await never.getByRole('status').getByText('已要求不要再打').waitFor()
  assert.equal(await never.locator('[data-do=may-call]').count(), 0, 'only a supervisor takes it back')
  await pictures(agent, 'desk-do-not-call')
})

test('a supervisor takes it back, and has to say why', async () => {
  office = await startBrowser()
  const boss = await openPage(office.context, complaints)
  boss.setDefaultTimeout(patience)
  await boss.goto(`${telephone.url}/login?to=/customers`)
  await boss.locator('input[name=username]').fill('boss')
  await boss.locator('input[name=password]').fill(telephone.password)
  await boss.locator('button[type=submit]').click()
  await boss.locator('tbody a').first().click()
  const never = boss.locator('[data-what=do-not-call]')
  await never.getByRole('status').getByText('已要求不要再打').waitFor()
  await never.getByText('agent1').waitFor()
  await never.locator('[data-do=may-call]').click()
  await never.locator('[data-do=may-call-now]').click()
  assert.ok(await boss.locator('input[name=may-call-reason]:invalid').isVisible(), 'not without a reason')
  await boss.locator('input[name=may-call-reason]').fill('本人来电，说是按错了')
  await never.locator('[data-do=may-call-now]').click()
  await never.getByRole('status').waitFor({ state: 'detached' })
  await boss.reload()
  await never.locator('[data-do=do-not-call]').waitFor()
  assert.equal(await never.getByRole('status').count(), 0, 'it is so for everybody')
})

test('after the notes the next contact is there, and is put off or taken out', async () => {
  await until(async () => (await agent.locator('.desk').getAttribute('data-phase')) === 'talking', 'the call goes on')
  await press('hangup')
  await phase('free')
  await press('skip')
  await card().getByRole('heading', { name: '李雷' }).waitFor()
  await press('skip-contact')
  await agent.locator('input[name=skip-reason]').fill('他昨天自己来电话改过了')
  await press('skip-now')
  await card().waitFor({ state: 'detached' })
})

test('a call that somebody waits in is taken by itself, no other', async () => {
  await agent.locator('.dot.ready').waitFor()
  await agent.locator('input[name=automatic]').check()
  telephone.command('ahead')
  await phase('talking')
  await hears(agent, 700)
  await press('hangup')
  await phase('free')
  await press('skip')
  await agent.locator('select[name=state]').selectOption('ready')
  await agent.locator('.dot.ready').waitFor()
  const other = await browser.context.newPage()
  await other.goto(`${telephone.url}/call`)
  await other.locator('input[value="7000"]').check()
  await other.locator('[data-do=call]').click()
  await phase('ringing')
  await agent.waitForTimeout(1500)
  await phase('ringing')
  await press('answer')
  await phase('talking')
  await press('hangup')
  await other.close()
  assert.deepEqual(complaints.filter((c) => !/WebSocket|JsSIP|Cross-Origin-Opener-Policy header has been ignored/.test(c)), [])
})
