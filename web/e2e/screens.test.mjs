// A picture of each page in both themes, both languages, on a desk and on a phone. With
// `npm run screens` they go to docs/screens: look at them.
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

before(async () => {
  mkdirSync(out, { recursive: true })
  server = await startServer()
  server.talk(8)
  browser = await startBrowser()
})

after(async () => {
  await browser?.stop()
  await server?.stop()
  if (!kept) rmSync(out, { recursive: true, force: true })
})

const desk = { width: 1280, height: 800 }
const phone = { width: 390, height: 844 }

const shots = [
  { name: 'login', path: '/login', ready: 'input[name=password]' },
  { name: 'live', path: '/', ready: '.row .last', phone: true },
  { name: 'live-side', path: '/?call=01SEEDLIVE0000000000000001', ready: '.side .turn' },
  { name: 'calls', path: '/calls', ready: '.list tbody tr', phone: true },
  { name: 'call', path: '/calls/01SEED00000000000000000140', ready: '.turn', phone: true },
  { name: 'why', path: '/calls/01SEED00000000000000000140', ready: '.turn', act: (page) => page.locator('.why').first().click().then(() => page.waitForTimeout(500)) },
  { name: 'wishes', path: '/wishes', ready: '.wish', phone: true },
  { name: 'knowledge', path: '/knowledge', ready: 'table.list tbody tr', phone: true },
  { name: 'knowledge-edit', path: '/knowledge?id=earbud', ready: '.el-drawer .versions li', act: (page) => page.waitForTimeout(900) },
  { name: 'system', path: '/system', ready: '.worker', phone: true },
]

for (const language of ['zh-CN', 'en']) {
  for (const theme of ['light', 'dark']) {
    test(`pages in ${language}, ${theme}`, async () => {
      const page = await openPage(browser.context, complaints)
      await page.setViewportSize(desk)
      await page.goto(`${server.url}/login`)
      await page.evaluate(([l, t]) => {
        localStorage.setItem('hotline.language', l)
        localStorage.setItem('hotline.theme', t)
      }, [language, theme])
      await browser.context.clearCookies()
      for (const [size, viewport] of [['desktop', desk], ['phone', phone]]) {
        await page.setViewportSize(viewport)
        for (const s of shots) {
          if (size === 'phone' && !s.phone) continue
          if (s.name !== 'login' && size === 'desktop' && s.name === 'live') await signIn(page, server)
          await page.goto(server.url + s.path)
          await page.locator(s.ready).first().waitFor()
          await s.act?.(page)
          // The wall has the names of its lines, the waveform is drawn.
          await page.waitForLoadState('load')
          await page.evaluate(() => document.fonts.ready)
          await page.waitForTimeout(400)
          await page.screenshot({ path: join(out, `${s.name}-${size}-${language === 'en' ? 'en' : 'zh'}-${theme}.png`) })
          const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
          assert.equal(wide, false, `${s.name} on a ${size} scrolls sideways`)
        }
      }
      await page.close()
    })
  }
}

test('the browser had nothing to complain of', () => {
  assert.deepEqual(complaints, [])
})
