// A caller at /call and an agent at /desk, in two real Chromium: what each says is heard and
// understood by the other, and stands on the desk; in Chinese and in English.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { closes, heard, joined, leave, opens, press, ready, shown, signsIn, skip, somebody, trouble } from './people.mjs'

before(opens)
after(closes)

let caller
let agent

test('a caller and an agent understand each other, and the desk shows what each said', { skip }, async () => {
  ;[caller, agent] = await Promise.all([
    somebody('caller', '我想问一下，退货的运费由谁来出？', 'zm_yunxi'),
    somebody('agent1', '您好，请把订单号码告诉我，我马上帮您查。', 'zf_xiaobei', '.desk audio'),
  ])
  await signsIn(agent, '/desk')
  await ready(agent)
  await joined(caller, agent, 8000)
  await heard(caller, [agent], [caller])
  await heard(agent, [caller], [agent])
  await shown(agent, caller, 'caller')
  await shown(agent, agent, 'agent')
})

test('on hold the caller hears music and nothing of the agent, nor the agent of him', { skip }, async () => {
  await press(agent, 'hold')
  await agent.page.locator('.status', { hasText: '已保持' }).waitFor()
  const { caller: ear } = await heard(agent, [], [caller, agent])
  assert.ok(ear.seconds > 3, `the caller hears music: ${JSON.stringify(ear)}`)
  const { agent1 } = await heard(caller, [], [agent])
  assert.ok(agent1.seconds < 0.3, `the agent hears nothing: ${JSON.stringify(agent1)}`)
  await press(agent, 'hold')
  await agent.page.locator('.status', { hasText: '通话中' }).waitFor()
  await heard(agent, [caller], [])
})

test('in English too', { skip }, async () => {
  await leave()
  ;[caller, agent] = await Promise.all([
    somebody('caller', 'Could you tell me how long the warranty is?', 'af_heart'),
    somebody('agent1', 'Good morning, please give me the number of your order.', 'am_michael', '.desk audio'),
  ])
  await signsIn(agent, '/desk')
  await ready(agent)
  await joined(caller, agent, 8001)
  await heard(caller, [agent], [caller])
  await heard(agent, [caller], [agent])
  await shown(agent, caller, 'caller')
  await shown(agent, agent, 'agent')
})

test('the browsers had nothing to complain of', { skip }, () => { assert.deepEqual(trouble(), []) })
