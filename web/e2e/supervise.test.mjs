// A supervisor in a call by the telephone of the console's page, against the real
// signalling and media: who hears whom in each mode, and alerts on the wall.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openPage, root } from './stage.mjs'
import { patience, pitch, startCaller, startTelephone, until } from './telephone.mjs'

let telephone
let browsers = []
let caller
let agent
let boss
const complaints = []
const ear = 'audio[data-what=listening]'
const press = (page, name) => page.locator(`[data-do=${name}]`).click()

/** With `npm run screens`: pictures in both languages and themes. Look at them. */
async function shoot(what) {
  if (process.env.SCREENS !== '1') return
  const out = join(root, 'docs', 'screens')
  mkdirSync(out, { recursive: true })
  for (const [language, code] of [['English', 'en'], ['中文', 'zh']]) {
    await boss.locator('button.tool').first().click()
    await boss.waitForTimeout(500)
    await boss.locator('.el-dropdown-menu__item:visible', { hasText: language }).click()
    await boss.waitForTimeout(700)
    for (const theme of ['light', 'dark']) {
      await boss.evaluate(() => { document.activeElement?.blur() })
      await boss.waitForTimeout(300)
      await boss.screenshot({ path: join(out, `${what}-desktop-${code}-${theme}.png`) })
      await boss.keyboard.press('D')
    }
  }
}

async function open(hz, name, to) {
  const browser = await startCaller(hz)
  browsers.push(browser)
  const page = await openPage(browser.context, complaints)
  page.setDefaultTimeout(patience)
  await page.goto(name === '' ? `${telephone.url}/call` : `${telephone.url}/login?to=${to}`)
  if (name !== '') {
    await page.locator('input[name=username]').fill(name)
    await page.locator('input[name=password]').fill(telephone.password)
    await page.locator('button[type=submit]').click()
  }
  return page
}

// How loud a pitch is for a page, in dB.
const level = (page, hz, selector) => page.evaluate(async ([s, f]) => {
  const stream = document.querySelector(s)?.srcObject
  if (!stream || stream.getAudioTracks().length === 0) return -120
  window.ear ??= new AudioContext()
  await window.ear.resume()
  const analyser = window.ear.createAnalyser()
  analyser.fftSize = 8192
  analyser.smoothingTimeConstant = 0
  const source = window.ear.createMediaStreamSource(stream)
  source.connect(analyser)
  await new Promise((r) => { setTimeout(r, 400) })
  const bins = new Float32Array(analyser.frequencyBinCount)
  analyser.getFloatFrequencyData(bins)
  source.disconnect()
  const at = Math.round((f * analyser.fftSize) / window.ear.sampleRate)
  return Math.max(...bins.slice(at - 2, at + 3))
}, [selector, hz])
const hears = (page, hz, yes, selector = 'audio') => until(async () => (await level(page, hz, selector) > -60) === yes, `the page ${yes ? 'hears' : 'does not hear'} ${hz} Hz`)

before(async () => {
  telephone = await startTelephone()
  ;[caller, agent, boss] = await Promise.all([open(440, '', ''), open(620, 'agent1', '/desk'), open(880, 'boss', '/')])
  await agent.locator('.desk[data-registered=true] .dot.ready').waitFor()
  await caller.locator('input[value="7000"]').check()
  await press(caller, 'call')
  await agent.locator('.desk[data-phase=ringing]').waitFor()
  await agent.keyboard.press('Enter')
  await agent.locator('.desk[data-phase=talking]').waitFor()
  await boss.locator('.wall .row').first().click()
  await boss.locator('.supervise').waitFor()
})

after(async () => {
  await Promise.all(browsers.map((b) => b.stop()))
  await telephone?.stop()
})

test('listening, he hears both, nobody hears him, and he is asked for no microphone', async () => {
  await boss.evaluate(() => {
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
    window.asked = 0
    navigator.mediaDevices.getUserMedia = (c) => { window.asked++; return open(c) }
  })
  await boss.getByRole('button', { name: '监听', exact: true }).click()
  await boss.locator('.supervise .state', { hasText: '没有人听得到您' }).waitFor()
  await hears(boss, 440, true, ear)
  await hears(boss, 620, true, ear)
  await hears(caller, 880, false)
  await hears(agent, 880, false)
  assert.equal(await boss.evaluate(() => window.asked), 0)
})

test('whispering, the agent alone hears him', async () => {
  await boss.getByRole('button', { name: '耳语', exact: true }).click()
  await hears(agent, 880, true)
  assert.equal(await boss.evaluate(() => window.asked), 1)
  await hears(caller, 880, false)
  await hears(caller, 620, true)
  await shoot('supervise-whisper')
})

test('joining in, both hear him', async () => {
  await boss.getByRole('button', { name: '加入', exact: true }).click()
  await hears(caller, 880, true)
  await hears(agent, 880, true)
})

test('he goes to another page and is still there', async () => {
  await boss.locator('nav .area', { hasText: '质检' }).click()
  await boss.locator('.bar', { hasText: '三方通话' }).waitFor()
  assert.notEqual(await pitch(boss, ear), 0)
  await boss.getByRole('link', { name: '打开通话' }).click()
  await boss.locator('.supervise').waitFor()
})

test('taking over, he has the caller and the agent is gone', async () => {
  await boss.getByRole('button', { name: '接管', exact: true }).click()
  await boss.locator('.el-popconfirm__action .el-button--primary:visible').click()
  await agent.locator('.desk[data-phase=free]').waitFor()
  await boss.locator('.supervise .state', { hasText: '由您接待' }).waitFor()
  await hears(caller, 880, true)
  await hears(caller, 620, false)
  await hears(boss, 440, true, ear)
  assert.deepEqual(complaints, [])
})
