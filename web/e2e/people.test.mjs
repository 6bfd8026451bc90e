// A caller at /call and an agent at /desk, in two real Chromium: what each says is heard and
// understood by the other, and stands on the desk; in Chinese and in English.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { closes, heard, joined, leave, opens, press, ready, shown, signsIn, skip, somebody, trouble } from './people.mjs'

before(opens)
after(closes)

let caller
let agent

/** Two people meet on a line, each with a sentence and a voice: both hear each other, and the desk shows what was said. */
async function understood(line, asks, callerVoice, answers, agentVoice) {
  ;[caller, agent] = await Promise.all([somebody('caller', asks, callerVoice), somebody('agent1', answers, agentVoice, '.desk audio')])
  await signsIn(agent, '/desk')
  await ready(agent)
  await joined(caller, agent, line)
  await heard(caller, [agent], [caller])
  await heard(agent, [caller], [agent])
  await shown(agent, caller, 'caller')
  await shown(agent, agent, 'agent')
}

test('a caller and an agent understand each other, and the desk shows what each said', { skip }, () =>
  understood(8000, '我想问一下，退货的运费由谁来出？', 'zm_yunxi', '您好，请把订单号码告诉我，我马上帮您查。', 'zf_xiaobei'))

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
  await understood(8001, 'Could you tell me how long the warranty is?', 'af_heart', 'Good morning, please give me the number of your order.', 'am_michael')
})

test('the browsers had nothing to complain of', { skip }, () => { assert.deepEqual(trouble(), []) })
