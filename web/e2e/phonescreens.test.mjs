// Pictures of /call, before and in a call, in both languages and themes, on a desk and
// on a phone. With `npm run screens` they go to docs/screens: look at them.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openPage, root } from './stage.mjs'
import { patience, startCaller, startTelephone } from './telephone.mjs'

const kept = process.env.SCREENS === '1'
const out = kept ? join(root, 'docs', 'screens') : mkdtempSync(join(tmpdir(), 'hotline-screens-'))
const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 }, narrow: { width: 320, height: 568 } }
let telephone
let browser

before(async () => {
  mkdirSync(out, { recursive: true })
  ;[telephone, browser] = await Promise.all([startTelephone('-few'), startCaller(440)])
})

after(async () => {
  await browser?.stop()
  await telephone?.stop()
  if (!kept) rmSync(out, { recursive: true, force: true })
})

for (const [language, name, talking] of [['zh-CN', 'zh', '通话中'], ['en', 'en', 'In the call']]) {
  for (const theme of kept ? ['light', 'dark'] : ['light']) {
    test(`/call in ${language}, ${theme}`, async () => {
      const page = await openPage(browser.context, [])
      page.setDefaultTimeout(patience)
      await page.goto(`${telephone.url}/call`)
      await page.evaluate(([l, t]) => {
        localStorage.setItem('hotline.language', l)
        localStorage.setItem('hotline.theme', t)
      }, [language, theme])
      await page.reload()
      await page.locator('[data-do=call]:not([disabled])').waitFor()
      const shoot = async (what) => {
        for (const [size, viewport] of Object.entries(sizes)) {
          if (what !== 'talking' && (size === 'narrow' || theme === 'dark')) continue
          await page.setViewportSize(viewport)
          await page.waitForTimeout(150)
          await page.screenshot({ path: join(out, `dial-${what}-${size}-${name}-${theme}.png`), fullPage: true })
          const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
          assert.equal(wide, false, `${what} on a ${size} scrolls sideways`)
        }
      }
      await shoot('before')
      await page.locator('[data-do=call]').click()
      await page.locator('.status', { hasText: talking }).waitFor()
      await page.waitForTimeout(800)
      await shoot('talking')
      await page.locator('[data-do=keypad]').click()
      for (const k of ['1', '2', '#']) await page.locator(`[data-key="${k}"]`).click()
      await shoot('keypad')
      await page.locator('[data-do=hangup]').click()
      await page.locator('[data-do=call]').waitFor()
      await page.evaluate(() => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))
      })
      await page.locator('[data-do=call]').click()
      await page.locator('.trouble').waitFor()
      await shoot('trouble')
      await page.close()
    })
  }
}
