// Settings → Business: an administrator changes the rules, sees what they mean and what is
// wrong, saves, and takes it back; a message that was left is read and heard. With
// SCREENS=1 the pages' pictures go to docs/screens.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openPage, root, signIn, startBrowser, startServer } from './stage.mjs'

const complaints = []
let server
let browser
let page

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  page = await openPage(browser.context, complaints)
  await signIn(page, server)
})

after(async () => {
  await browser?.stop()
  await server?.stop()
})

const shot = async (name) => {
  if (!process.env.SCREENS) return
  const dir = process.env.SCREENS_DIR ?? join(root, 'docs', 'screens')
  mkdirSync(dir, { recursive: true })
  await page.screenshot({ path: join(dir, `${name}.png`) })
}

const rule = (label) => page.locator('.rule', { has: page.getByText(label, { exact: true }) }).first()
const side = () => page.locator('.side')

test('rules are changed, checked and taken back', async () => {
  await page.goto(`${server.url}/settings/business`)
  await side().getByText('没有修改').waitFor()
  await shot('rules-zh-light')
  const vip = rule('贵宾').locator('input')
  assert.equal(await vip.inputValue(), '5')
  await vip.fill('8')
  await vip.press('Tab')
  await side().getByText('queue.head_start.vip', { exact: true }).waitFor()
  await side().getByText('8分钟的普通来电人前面').first().waitFor()

  // What cannot be is said at its field, and is not saved.
  const ring = rule('每人振铃').locator('input')
  await ring.fill('1')
  await ring.press('Tab')
  await rule('每人振铃').getByRole('alert').waitFor()
  assert.ok(await side().getByRole('button', { name: '保存' }).isDisabled())
  await ring.fill('25')
  await ring.press('Tab')
  await rule('每人振铃').getByRole('alert').waitFor({ state: 'detached' })
  await side().getByText('有 2 处修改').waitFor()

  await side().getByRole('button', { name: '保存' }).click()
  await side().getByText('没有修改').waitFor()
  await side().locator('.past li').first().getByText('queue.ring').waitFor()
  await page.reload()
  await side().getByText('没有修改').waitFor()
  assert.equal(await rule('贵宾').locator('input').inputValue(), '8', 'it stands in the file')
  await side().getByRole('button', { name: '撤销' }).click()
  await side().getByText('撤销了第 1 次').waitFor()
  assert.equal(await rule('贵宾').locator('input').inputValue(), '5')
})

test('a message is read, with what is urgent marked, and heard', async () => {
  await page.goto(`${server.url}/wishes?kind=message`)
  const message = page.locator('.wish', { hasText: '麻烦' }).first()
  await message.locator('mark', { hasText: '尽快' }).waitFor()
  await message.getByText('紧急', { exact: true }).waitFor()
  await message.getByRole('button', { name: '听留言' }).click()
  const player = message.locator('audio')
  await player.evaluate((a) => new Promise((resolve, reject) => {
    if (a.readyState >= 1) resolve()
    a.addEventListener('loadedmetadata', () => { resolve() })
    a.addEventListener('error', () => { reject(new Error('no sound')) })
  }))
  assert.match(await player.getAttribute('src'), /#t=\d/)
  await shot('messages-zh-light')
})

test('in English and in the dark', async () => {
  await page.evaluate(() => { localStorage.setItem('hotline.language', 'en'); localStorage.setItem('hotline.theme', 'dark') })
  await page.goto(`${server.url}/settings/business`)
  await side().getByText('Nothing changed').waitFor()
  await shot('rules-en-dark')
  await page.setViewportSize({ width: 390, height: 844 })
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), 'nothing sticks out on a phone')
  assert.deepEqual(complaints, [])
})
