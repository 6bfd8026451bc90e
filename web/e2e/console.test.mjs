// What somebody at the console would notice.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { openPage, signIn, startBrowser, startServer } from './stage.mjs'

const transferred = '01SEED00000000000000000140'
const complaints = []
let server
let browser
let page

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  page = await openPage(browser.context, complaints)
})

after(async () => {
  await browser?.stop()
  await server?.stop()
})

const text = (selector) => page.locator(selector).first().innerText()

test('the login refuses a wrong password and then leads to the page that was asked for', async () => {
  await page.goto(`${server.url}/calls?number=8000`)
  await page.waitForURL(/\/login/)
  await page.locator('input[name=username]').fill('admin')
  await page.locator('input[name=password]').fill('wrong password')
  await page.locator('button[type=submit]').click()
  assert.match(await text('[role=alert]'), /用户名或密码不对/)
  await page.locator('input[name=password]').fill(server.password)
  await page.locator('button[type=submit]').click()
  await page.waitForURL(`${server.url}/calls?number=8000`)
})

test('the first page is small', async () => {
  await browser.context.clearCookies()
  const cold = await browser.context.newPage()
  const network = await browser.context.newCDPSession(cold)
  await network.send('Network.enable')
  await network.send('Network.setCacheDisabled', { cacheDisabled: true })
  const files = new Map()
  network.on('Network.responseReceived', (e) => { if (e.response.url.endsWith('.js')) files.set(e.requestId, 0) })
  network.on('Network.loadingFinished', (e) => { if (files.has(e.requestId)) files.set(e.requestId, e.encodedDataLength) })
  await signIn(cold, server)
  await cold.locator('.row').first().waitFor()
  await cold.close()
  const scripts = [...files.values()].reduce((a, b) => a + b, 0)
  console.log(`# JavaScript up to the live page: ${Math.round(scripts / 1000)} kB`)
  assert.ok(scripts > 0 && scripts < 250_000, `${scripts} bytes`)
})

test('calls grow live on the wall and in the panel beside it', async () => {
  await page.goto(`${server.url}/`)
  await page.locator('.row').nth(1).waitFor()
  assert.match(await text('.row .number'), /^138\*\*\*\*8000$/, 'numbers are masked on the wall')
  const before = await text('.row .last')
  server.talk()
  await page.waitForFunction((b) => document.querySelector('.row .last')?.innerText !== b, before)
  await page.locator('.row').first().click()
  await page.locator('.side .turn').first().waitFor()
  assert.match(page.url(), /\?call=01SEEDLIVE/)
  const turns = await page.locator('.side .turn').count()
  server.talk(2)
  await page.waitForFunction((n) => document.querySelectorAll('.side .turn').length > n, turns)
  await page.locator('.side').getByRole('button', { name: '收起' }).click()
  await page.locator('.side').waitFor({ state: 'detached' })
})

test('a call is hung up after a question, and leaves the wall', async () => {
  await page.goto(`${server.url}/?call=01SEEDLIVE0000000000000002`)
  await page.locator('.side').getByRole('button', { name: '挂断' }).click()
  await page.locator('.el-popconfirm').getByRole('button', { name: '挂断' }).click()
  await page.waitForFunction(() => document.querySelectorAll('.row').length === 1)
  await page.locator('.side .outcome.unresolved').waitFor()
})

test('the list is filtered by the last four digits, sorted and paged', async () => {
  await page.goto(`${server.url}/calls`)
  await page.locator('.list tbody tr').first().waitFor()
  assert.equal(await page.locator('.list tbody tr').count(), 50)
  await page.getByRole('button', { name: '再显示一些' }).click()
  await page.waitForFunction(() => document.querySelectorAll('.list tbody tr').length === 100)
  await page.getByRole('button', { name: '时长' }).click()
  await page.waitForURL(/sort=duration/)
  await page.locator('th[aria-sort=descending]').getByText('时长').waitFor()
  await page.waitForFunction(() => {
    const shown = [...document.querySelectorAll('.list tbody tr')].filter((r) => !r.querySelector('.in_progress')).map((r) => r.querySelector('.c-duration').innerText)
    return shown.length > 40 && shown.join() === shown.toSorted((a, b) => b.localeCompare(a)).join()
  })
  await page.locator('.f-number input').fill('6621')
  await page.keyboard.press('Enter')
  await page.waitForURL(/number=6621/)
  await page.waitForFunction(() => document.querySelectorAll('.list tbody tr').length === 1)
  assert.match(await text('.list .c-who'), /139\*\*\*\*6621/)
  await page.goBack()
  await page.goto(`${server.url}/calls?number=9999999`)
  await page.getByText('没有符合条件的通话').waitFor()
})

test('the list is exported as it is filtered', async () => {
  await page.goto(`${server.url}/calls?line=english`)
  await page.locator('.list tbody tr').first().waitFor()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('导出 CSV').click()])
  const csv = readFileSync(await download.path(), 'utf8')
  assert.ok(csv.startsWith('\ufeffid,'))
  assert.match(csv, /\+442079460958/)
  assert.doesNotMatch(csv, /,main,/)
})

test('a sentence is heard by a click, and the position follows', async () => {
  await page.goto(`${server.url}/calls/${transferred}`)
  await page.locator('.turn').first().waitFor()
  assert.equal(await text('.call h1'), '138 1234 8000', 'the whole number stands on the call')
  // The waveform is drawn, both sides of it.
  await page.waitForFunction(() => {
    const c = document.querySelector('canvas')
    const d = c?.getContext('2d')?.getImageData(0, 0, c.width, c.height).data
    const ink = (from, to) => { let n = 0; for (let i = from * 4; i < to * 4; i += 4) if (d[i + 3] > 0) n++; return n }
    return d && ink(0, d.length / 8) > 500 && ink(d.length / 8, d.length / 4) > 500
  })
  await page.locator('.turn.agent .text').first().click()
  await page.waitForFunction(() => {
    const a = document.querySelector('audio')
    return a && !a.paused && a.currentTime > 33
  })
  await page.locator('.turn.agent[aria-current=true]').waitFor()
  await page.keyboard.press('p')
  await page.waitForFunction(() => document.querySelector('audio').paused)
  const at = await page.evaluate(() => document.querySelector('audio').currentTime)
  await page.keyboard.press('ArrowLeft')
  await page.waitForFunction((t) => document.querySelector('audio').currentTime < t - 4, at)
})

test('what was cut off, the transfer and the reasons are shown', async () => {
  await page.goto(`${server.url}/calls/${transferred}`)
  assert.match(await text('.turn s'), /十秒重置/)
  await page.getByText('来电人打断').waitFor()
  await page.getByText('王芳 已接听').waitFor()
  await page.getByText('为什么这么说').first().click()
  const drawer = page.locator('.el-drawer')
  await drawer.getByText('耳机一边没有声音怎么办').waitFor()
  assert.match(await drawer.innerText(), /91%[\s\S]*42%[\s\S]*31%/)
  assert.match(await drawer.innerText(), /共 640 毫秒/)
  await page.keyboard.press('Escape')
})

test('how the line was is shown for each leg, both ways', async () => {
  await page.goto(`${server.url}/calls/01SEED00000000000000000140`)
  const legs = page.locator('tbody.leg')
  await legs.nth(1).waitFor()
  const texts = (await legs.allTextContents()).map((x) => x.replace(/\s+/g, ' '))
  assert.match(texts[0], /来电人.*PCMA.*未加密.*4\.3.*很清晰.*0\.2%.*2 毫秒.*4\.2.*0\.4%.*3 毫秒.*24 毫秒/)
  assert.match(texts[1], /王芳.*opus.*SRTP.*DTLS.*3\.6.*尚可.*3\.1%.*14 毫秒.*4\.3.*0\.1%.*38 毫秒/)
})

test('a to-do is done, and undone by one click', async () => {
  await page.goto(`${server.url}/wishes`)
  await page.locator('.wish').first().waitFor()
  const n = await page.locator('.wish.open').count()
  await page.locator('.wish.open').first().getByRole('button', { name: '完成' }).click()
  await page.waitForFunction((c) => document.querySelectorAll('.wish.open').length === c - 1, n)
  await page.getByRole('button', { name: '撤销' }).click()
  await page.waitForFunction((c) => document.querySelectorAll('.wish.open').length === c, n)
})

test('a message is heard where it begins', async () => {
  await page.goto(`${server.url}/wishes?kind=message`)
  const message = page.locator('.wish').first()
  await message.getByRole('button', { name: '听留言' }).click()
  const from = Number(new URL(await message.locator('audio').evaluate((a) => a.currentSrc)).hash.match(/t=([\d.]+)/)[1])
  assert.ok(from > 0)
  await page.waitForFunction((s) => document.querySelector('.wish audio').currentTime >= s, from)
  await message.getByRole('link', { name: '查看通话' }).click()
  await page.waitForURL(/\/calls\/01SEED/)
  await page.getByRole('button', { name: '听留言' }).click()
  await page.waitForFunction(() => !document.querySelector('audio').paused)
  await page.locator('.turn.caller[aria-current=true]').getByText('那我留个言吧').waitFor()
})

test('the keyboard leads everywhere', async () => {
  await page.goto(`${server.url}/`)
  await page.locator('.row').first().waitFor()
  await page.keyboard.type('gs')
  await page.waitForURL(/\/system$/)
  await page.keyboard.type('gc')
  await page.waitForURL(/\/calls$/)
  await page.locator('.list tbody tr').first().waitFor()
  await page.keyboard.type('jj')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/calls\/01/)
  await page.keyboard.press('Escape')
  await page.waitForURL(/\/calls$/)
  await page.keyboard.press('?')
  await page.getByText('键盘快捷键').waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('键盘快捷键').waitFor({ state: 'hidden' })
  await page.keyboard.press('/')
  await page.keyboard.type('6621')
  await page.keyboard.press('Enter')
  await page.waitForURL(/number=6621/)
})

test('language and theme change at once and are kept', async () => {
  await page.goto(`${server.url}/system`)
  await page.locator('.worker').first().waitFor()
  await page.getByRole('button', { name: '语言' }).click()
  await page.getByRole('menuitem', { name: 'English' }).click()
  await page.getByRole('heading', { name: 'System' }).waitFor()
  await page.getByText('hotline models pull asr/sense-voice-small').waitFor()
  await page.getByRole('button', { name: 'Appearance' }).click()
  await page.getByRole('menuitem', { name: 'Dark' }).click()
  await page.reload()
  await page.getByRole('heading', { name: 'System' }).waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.className), 'dark')
  await page.evaluate(() => { localStorage.clear() })
})

test('an analyst sees masked numbers and no buttons', async () => {
  await browser.context.clearCookies()
  await signIn(page, server, 'zhou')
  await page.goto(`${server.url}/calls/${transferred}`)
  await page.locator('.turn').first().waitFor()
  assert.equal(await text('.call h1'), '138****8000')
  assert.equal(await page.locator('.wish button').count(), 0)
})

test('an empty console teaches how to ring', async () => {
  const fresh = await startServer('-empty')
  try {
    await signIn(page, fresh)
    await page.getByText('现在没有通话').waitFor()
    await page.getByText('hotline call sip:8000@192.0.2.10:5060').waitFor()
  } finally {
    await fresh.stop()
  }
  // The server is gone: a quiet word, and the page stays.
  await page.getByText('与服务器的连接断开了').waitFor()
})

test('the browser had nothing to complain of', () => {
  assert.deepEqual(complaints.filter((c) => !/ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED)|Failed to load resource/.test(c)), [])
})
