// A caller, two agents and a supervisor in four real Chromium: who hears whom while one asks
// another, hands the caller over, listens and whispers, by what each of them understands.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { closes, heard, joined, mouth, mute, opens, phase, press, ready, shown, signsIn, skip, somebody, trouble } from './people.mjs'
import { until } from './telephone.mjs'

before(opens)
after(closes)

let caller
let first
let second
let boss
let id

test('a second agent is asked while the caller hears music, and takes him', { skip }, async () => {
  ;[caller, first] = await Promise.all([
    somebody('caller', '我想问一下，退货的运费由谁来出？', 'zm_yunxi'),
    somebody('agent1', '您好，请把订单号码告诉我，我马上帮您查。', 'zf_xiaobei', '.desk audio'),
  ])
  await signsIn(first, '/desk')
  await ready(first)
  id = await joined(caller, first, 8000)
  second = await somebody('agent2', '请您放心，今天下午我给您打电话。', 'zm_yunjian', '.desk audio')
  await signsIn(second, '/desk')
  await ready(second)
  await press(first, 'transfer')
  await until(async () => (await first.page.locator('select[name=agent] option[value=agent2]').getAttribute('disabled')) === null, 'the second agent can be chosen')
  await first.page.locator('input[value=consult]').check()
  await first.page.locator('select[name=agent]').selectOption('agent2')
  await press(first, 'transfer-go')
  await phase(second, 'ringing')
  await second.page.keyboard.press('Enter')
  await phase(second, 'talking')
  await mute(second, true)
  await first.page.locator('[data-do=complete]').waitFor()
  const { caller: ear } = await heard(second, [first], [caller])
  assert.ok(ear.seconds > 3, `the caller hears music: ${JSON.stringify(ear)}`)
  await heard(first, [second], [caller])
  await press(first, 'complete')
  await phase(first, 'free')
  await heard(second, [caller], [])
  await heard(caller, [second], [])
  await shown(second, second, 'agent')
})

test('a supervisor listens unheard, and what he whispers the agent alone hears', { skip }, async () => {
  boss = await somebody('boss', '请你告诉这位客户，我们明天可以退款。', 'zf_xiaoxiao', 'audio[data-what=listening]')
  await signsIn(boss, `/calls/${id}`)
  await boss.page.getByRole('button', { name: '监听', exact: true }).click()
  await boss.page.locator('.supervise .state', { hasText: '没有人听得到您' }).waitFor()
  await boss.page.locator(boss.ear).waitFor({ state: 'attached' })
  const { caller: alone } = await heard(caller, [boss, second], [caller])
  assert.ok(alone.seconds < 0.3, `the caller notices nothing: ${JSON.stringify(alone)}`)
  await heard(second, [boss, caller], [])
  assert.equal(await boss.page.evaluate(() => window.microphones.length), 0, 'his microphone is shut')
  await boss.page.getByRole('button', { name: '耳语', exact: true }).click()
  await boss.page.locator('.supervise .state', { hasText: '只有坐席' }).waitFor()
  const { caller: ear } = await heard(boss, [second], [caller], async () => {
    await mouth(boss, false)
    await mouth(boss, true)
  })
  assert.ok(ear.seconds < 0.3, `the caller hears nothing: ${JSON.stringify(ear)}`)
  await boss.page.getByRole('button', { name: '监听', exact: true }).click()
  await until(() => boss.page.evaluate(() => window.microphones.at(-1).readyState === 'ended'), 'his microphone is shut again')
  await heard(caller, [second, boss], [])
})

test('the browsers had nothing to complain of', { skip }, () => { assert.deepEqual(trouble(), []) })
