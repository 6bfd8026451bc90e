// Alerts on the wall and quality reviews, over a day of made-up calls.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openPage, root, startBrowser, startServer } from './stage.mjs'

let server
let browser
let page
const complaints = []

/** With `npm run screens`: pictures in both languages and themes. Look at them. */
async function shoot(what, phone = false) {
  if (process.env.SCREENS !== '1') return
  const out = join(root, 'docs', 'screens')
  mkdirSync(out, { recursive: true })
  if (phone) await page.setViewportSize({ width: 390, height: 844 })
  for (const [language, code] of phone ? [['', 'zh']] : [['English', 'en'], ['中文', 'zh']]) {
    if (language !== '') {
      await page.locator('button.tool').first().click()
      await page.waitForTimeout(500)
      await page.locator('.el-dropdown-menu__item:visible', { hasText: language }).click()
      await page.waitForTimeout(700)
    }
    for (const theme of ['light', 'dark']) {
      await page.evaluate(() => { document.activeElement?.blur() })
      await page.waitForTimeout(300)
      await page.screenshot({ path: join(out, `${what}-${phone ? 'phone' : 'desktop'}-${code}-${theme}.png`) })
      await page.keyboard.press('D')
    }
  }
  if (phone) await page.setViewportSize({ width: 1440, height: 900 })
}

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  page = await openPage(browser.context, complaints)
  page.setDefaultTimeout(20_000)
  await page.goto(`${server.url}/login`)
  await page.locator('input[name=username]').fill('admin')
  await page.locator('input[name=password]').fill(server.password)
  await page.locator('button[type=submit]').click()
  await page.locator('.wall .row').first().waitFor()
})

after(async () => {
  await browser?.stop()
  await server?.stop()
})

test('an alert says why, leads to the call, and is acknowledged by name', async () => {
  server.upset()
  const alerts = page.locator('.alerts .alert')
  await alerts.filter({ hasText: '投诉风险' }).waitFor()
  await alerts.filter({ hasText: '敏感词' }).filter({ hasText: '辱骂' }).waitFor()
  await shoot('alerts')
  await shoot('alerts', true)
  const risk = alerts.filter({ hasText: '投诉风险' })
  await risk.getByText('12315').waitFor()
  await risk.getByRole('button', { name: '查看' }).click()
  await page.locator('.side').waitFor()
  await risk.getByText('admin 看过').waitFor()
  await risk.getByRole('button', { name: '我来处理' }).click()
  await risk.waitFor({ state: 'detached' })
  await page.locator('.alerts .more').click()
  await risk.getByText('admin 处理').waitFor()
})

test('calls, queue, agents and alerts of another server stand on the wall, and lead there', async () => {
  server.elsewhere()
  const there = page.locator('.wall .row', { hasText: 'west · ' })
  await there.filter({ hasText: '快递到哪儿了' }).waitFor()
  await page.locator('.queue .waiting', { hasText: 'west · ' }).waitFor()
  await page.locator('.agent.talking', { hasText: '赵敏' }).filter({ hasText: 'west' }).waitFor()
  const alert = page.locator('.alerts .alert', { hasText: '都等了半个月了' })
  await alert.waitFor()
  await there.filter({ hasText: '快递到哪儿了' }).click()
  const note = page.locator('.side .note', { hasText: 'west' })
  assert.equal(await note.getByRole('link').getAttribute('href'), 'https://west.example/calls/01WESTTALKS')
  assert.equal(await page.locator('.side').getByRole('button', { name: '监听' }).count(), 0)
  assert.equal(await page.locator('.side').getByRole('button', { name: '挂断' }).count(), 0)
  await shoot('wall-servers')
  await alert.getByRole('button', { name: '我来处理' }).click()
  await alert.getByRole('button', { name: '我来处理' }).waitFor({ state: 'detached' })
  await page.keyboard.press('Escape')
})

test('a sample is drawn, a call is heard and judged', async () => {
  await page.locator('nav .area', { hasText: '质检' }).click()
  // On a Monday morning most of the day's calls are of the week before.
  await page.getByRole('button', { name: '抽取上周' }).click()
  await page.locator('.el-message', { hasText: '抽到' }).waitFor()
  await page.getByRole('button', { name: '抽取本周' }).click()
  await page.locator('table.list tbody tr', { hasText: '智能助手' }).first().waitFor()
  await shoot('quality')
  await page.locator('table.list tbody tr', { hasText: '智能助手' }).first().click()
  await page.locator('.sheet .item').first().waitFor()
  await page.locator('.call .turn, .call [data-turn], .call article').first().waitFor()
  const save = page.getByRole('button', { name: '保存复核' })
  assert.equal(await save.isDisabled(), true, 'two items are the reviewer’s')
  await page.locator('.item', { hasText: '听懂了' }).getByRole('button', { name: '20', exact: true }).click()
  await page.locator('.item', { hasText: '答复准确' }).getByRole('button', { name: '10', exact: true }).click()
  await page.locator('.item', { hasText: '答复准确' }).locator('input').fill('运费没有说清楚')
  await shoot('quality-sheet')
  await save.click()
  await page.locator('.judge', { hasText: '已复核' }).waitFor()
  assert.match(await page.locator('.sheet .total').textContent(), /^\d+$/)
  assert.deepEqual(complaints, [])
})
