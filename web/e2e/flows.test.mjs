// The page of the tasks: their list, their pictures, what is wrong with them.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openPage, root, signIn, startBrowser, startServer } from './stage.mjs'

const kept = process.env.SCREENS === '1'
const out = kept ? join(root, 'docs', 'screens') : mkdtempSync(join(tmpdir(), 'hotline-screens-'))
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
  if (!kept) rmSync(out, { recursive: true, force: true })
})

const boxes = () => page.locator('.box .node').count()

test('the first task is drawn, all its boxes apart and its text within them', async () => {
  await page.goto(`${server.url}/flows`)
  await page.locator('.box .node').first().waitFor()
  assert.ok((await page.locator('.flow').count()) > 12)
  const wrong = await page.evaluate(() => {
    const rects = [...document.querySelectorAll('.box .node')].map((n) => ({ r: n.querySelector('rect').getBoundingClientRect(), t: [...n.querySelectorAll('text')].map((t) => t.getBoundingClientRect()) }))
    const bad = []
    rects.forEach(({ r, t }, i) => {
      for (const x of t) if (x.left < r.left || x.right > r.right + 1 || x.bottom > r.bottom + 1) bad.push(`text ${i}`)
      rects.slice(i + 1).forEach((o) => {
        if (r.left < o.r.right - 1 && o.r.left < r.right - 1 && r.top < o.r.bottom - 1 && o.r.top < r.bottom - 1) bad.push(`box ${i}`)
      })
    })
    return bad
  })
  assert.deepEqual(wrong, [])
})

test('a task of twenty steps and more is drawn whole', async () => {
  await page.locator('.flow', { hasText: '查物流' }).click()
  await page.waitForURL(/\/flows\/track/)
  await page.locator('.name', { hasText: '查物流' }).waitFor()
  assert.ok((await boxes()) >= 20)
  assert.match(await page.locator('.box').innerText(), /已签收/)
})

test('a mistake is told with its file, line and cure, in both languages', async () => {
  const broken = page.locator('.flow', { hasText: '催单' })
  assert.equal(await broken.locator('.bad').count(), 1)
  await broken.click()
  await page.locator('.problems .error').first().waitFor()
  assert.match(await page.locator('.problems').innerText(), /flows\/urge\.yaml:\d+[\s\S]*没有表“order”/)
  await page.evaluate(() => { localStorage.setItem('hotline.language', 'en') })
  await page.reload()
  await page.locator('.problems .error').first().waitFor()
  assert.match(await page.locator('.problems').innerText(), /there is no table "order"[\s\S]*orders/)
})

test('a task that is not there is said not to be', async () => {
  await page.goto(`${server.url}/flows/nothing`)
  await page.locator('.detail').waitFor()
  assert.equal(await boxes(), 0)
})

const desk = { width: 1280, height: 800 }
const phone = { width: 390, height: 844 }

for (const language of ['zh-CN', 'en']) {
  for (const theme of ['light', 'dark']) {
    test(`pictures in ${language}, ${theme}`, async () => {
      await page.evaluate(([l, t]) => {
        localStorage.setItem('hotline.language', l)
        localStorage.setItem('hotline.theme', t)
      }, [language, theme])
      for (const [size, viewport] of [['desktop', desk], ['phone', phone]]) {
        await page.setViewportSize(viewport)
        await page.goto(`${server.url}/flows/track`)
        await page.locator('.box .node').first().waitFor()
        await page.evaluate(() => document.fonts.ready)
        await page.screenshot({ path: join(out, `flows-${size}-${language === 'en' ? 'en' : 'zh'}-${theme}.png`) })
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
        assert.equal(wide, false, `flows on a ${size} scroll sideways`)
      }
    })
  }
}

test('the browser had nothing to complain of', () => {
  assert.deepEqual(complaints, [])
})
