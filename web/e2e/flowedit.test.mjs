// A task is changed beside its drawing, tried before it is saved, saved, and taken back;
// a line's voice is heard.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openPage, root, signIn, startBrowser, startServer } from './stage.mjs'

const kept = process.env.SCREENS === '1'
const out = kept ? join(root, 'docs', 'screens') : process.env.OUT ?? mkdtempSync(join(tmpdir(), 'hotline-screens-'))
const complaints = []
let server
let browser
let page

before(async () => {
  mkdirSync(out, { recursive: true })
  server = await startServer()
  browser = await startBrowser()
  page = await openPage(browser.context, complaints)
  await signIn(page, server)
})

after(async () => {
  await browser?.stop()
  await server?.stop()
  if (!kept && !process.env.OUT) rmSync(out, { recursive: true, force: true })
})

const text = () => page.locator('.code .cm-content')
const saveButton = () => page.locator('.do .el-button--primary')

test('what is said is changed in a form, the file follows, and it is tried before it is saved', async () => {
  await page.goto(`${server.url}/flows/track?edit=1`)
  await page.locator('.words textarea').first().waitFor()
  const title = page.locator('.words input.field').nth(1)
  await title.fill('快递进度')
  await page.locator('.do .good', { hasText: '可以保存' }).waitFor()
  await page.locator('.graph text', { hasText: '快递进度' }).first().waitFor()

  await page.locator('.try .chip').first().click()
  await page.locator('.log .bot').nth(1).waitFor()
  await page.locator('.node.reached').waitFor()
  await page.locator('.say input').fill('6603')
  await page.locator('.say button').click()
  await page.locator('.known .slot').first().waitFor()
})

test('a mistake is told by its line while it is typed, and cannot be saved', async () => {
  await page.locator('.tab', { hasText: '文件' }).click()
  await text().waitFor()
  await text().click()
  await page.keyboard.press('Control+End')
  await page.keyboard.insertText('\nstepz: 1\n')
  await page.locator('.problems .error').first().waitFor()
  assert.match(await page.locator('.problems').innerText(), /flows\/track\.yaml:\d+[\s\S]*stepz/)
  assert.ok(await saveButton().isDisabled())
  await page.locator('.code .cm-lint-marker-error').first().waitFor()
  for (let i = 0; i < 10; i++) await page.keyboard.press('Backspace')
  await page.locator('.do .good', { hasText: '可以保存' }).waitFor()
})

test('the next call has what is saved; it is undone with a click, and every version stays', async () => {
  await page.locator('.do .note input').fill('换个说法')
  await saveButton().click()
  await page.locator('.undo').waitFor()
  await page.locator('h2.name', { hasText: '快递进度' }).waitFor()
  await page.locator('.tab', { hasText: '版本' }).click()
  await page.locator('.versions li', { hasText: '换个说法' }).waitFor()
  await page.locator('.versions .who').first().click()
  assert.match(await page.locator('.diff ins').first().innerText(), /快递进度/)
  await page.locator('.undo button').click()
  await page.locator('h2.name', { hasText: '查物流' }).waitFor()
  await page.locator('.versions li').nth(2).waitFor()
})

test('who comes too late sees both texts', async () => {
  await page.locator('.tab', { hasText: '说的话' }).click()
  const title = page.locator('.words input.field').nth(1)
  await title.fill('我的快递')
  await page.locator('.do .good', { hasText: '可以保存' }).waitFor()
  await page.evaluate(async () => {
    const me = await (await fetch('/api/v1/session')).json()
    const url = '/api/v1/flows/track?business=' + encodeURIComponent('云上商城')
    const d = await (await fetch(url)).json()
    await fetch(url, { method: 'PUT', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': me.csrf }, body: JSON.stringify({ text: d.text + '# 别人写的\n', digest: d.digest }) })
  })
  await saveButton().click()
  await page.locator('.conflict .diff del', { hasText: '别人写的' }).waitFor()
  await page.locator('.choose .el-button').first().click()
  await page.locator('h2.name', { hasText: '查物流' }).waitFor()
})

test('a task is made from a template, deleted and brought back', async () => {
  await page.goto(`${server.url}/flows`)
  await page.locator('.page-head .el-button--primary').click()
  await page.locator('.el-dialog input').nth(1).fill('礼品包装')
  await page.locator('.el-dialog button[type=submit]').click()
  await page.waitForURL(/edit=1/)
  await page.locator('.edit .node').first().waitFor()
  await page.locator('.do .el-button').last().click()
  await page.locator('.detail .head .el-button').first().click()
  await page.locator('.el-popconfirm .el-button--primary').click()
  const gone = page.locator('.list .gone', { hasText: '礼品包装' })
  await gone.waitFor()
  await gone.locator('button').click()
  await page.locator('.detail .name', { hasText: '礼品包装' }).waitFor()
})

test('a line is heard', async () => {
  await page.goto(`${server.url}/settings/voices`)
  const wav = page.waitForResponse((r) => r.url().endsWith('/speak'))
  await page.locator('.voice .hear').first().click()
  const answer = await wav
  assert.equal(answer.status(), 200)
  assert.equal(answer.headers()['content-type'], 'audio/wav')
  await page.locator('details summary').first().click()
  assert.ok((await page.locator('details li').count()) > 2)
})

const desk = { width: 1440, height: 900 }
const phone = { width: 390, height: 844 }

for (const [language, theme] of [['zh-CN', 'light'], ['zh-CN', 'dark'], ['en', 'light'], ['en', 'dark']]) {
  test(`pictures in ${language}, ${theme}`, async () => {
    await page.evaluate(([l, t]) => {
      localStorage.setItem('hotline.language', l)
      localStorage.setItem('hotline.theme', t)
    }, [language, theme])
    const short = language === 'en' ? 'en' : 'zh'
    for (const [size, viewport] of [['desktop', desk], ['phone', phone]]) {
      await page.setViewportSize(viewport)
      await page.goto(`${server.url}/flows/track?edit=1`)
      await page.locator('.edit .node').first().waitFor()
      await page.locator('.try .chip').first().click()
      await page.locator('.node.reached').waitFor()
      if (size === 'desktop') {
        await page.locator('.words textarea').first().waitFor()
        await page.screenshot({ path: join(out, `flowwords-${size}-${short}-${theme}.png`) })
        await page.locator('.tab').first().click()
        await text().waitFor()
      }
      await page.screenshot({ path: join(out, `flowedit-${size}-${short}-${theme}.png`) })
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth), false, `the editor on a ${size} scrolls sideways`)
      await page.goto(`${server.url}/settings/voices`)
      await page.locator('.voice').first().waitFor()
      await page.locator('details summary').first().click()
      await page.screenshot({ path: join(out, `voices-${size}-${short}-${theme}.png`) })
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth), false, `voices on a ${size} scroll sideways`)
    }
  })
}

test('the browser had nothing to complain of', () => {
  assert.deepEqual(complaints, [])
})
