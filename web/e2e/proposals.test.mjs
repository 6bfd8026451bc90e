// Wordings from calls: looked for, approved, merged, refused, and taken back.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openPage, signIn, startBrowser, startServer } from './stage.mjs'

const complaints = []
let server
let browser
let page

before(async () => {
  server = await startServer('-growing')
  browser = await startBrowser()
  page = await openPage(browser.context, complaints)
  await signIn(page, server, 'li')
})

after(async () => {
  await browser?.stop()
  await server?.stop()
})

const card = (wording) => page.locator('.card').filter({ hasText: wording })
const tab = (name) => page.locator('.tabs a').filter({ hasText: name })
const shot = async (name) => {
  if (!process.env.SHOTS) return
  mkdirSync(process.env.SHOTS, { recursive: true })
  await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`), fullPage: true })
}
const takenFor = async (sentence) => {
  const answer = await page.evaluate(async (text) => {
    const me = await (await fetch('/api/v1/session')).json()
    const r = await fetch('/api/v1/knowledge/search', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': me.csrf }, body: JSON.stringify({ text }) })
    return r.json()
  }, sentence)
  return { id: answer.candidates[0]?.id, score: answer.candidates[0]?.score ?? 0 }
}

test('the calls are looked through, and what callers said first appears', async () => {
  await page.goto(`${server.url}/knowledge`)
  await page.getByRole('link', { name: '通话中的新说法' }).click()
  await page.getByText('没有要定的').waitFor()
  await page.getByRole('button', { name: '查看通话' }).click()
  await card('报销要用的单子能弄一张不').waitFor()
  const text = await card('报销要用的单子能弄一张不').innerText()
  assert.match(text, /怎么开发票/)
  assert.match(text, /说过 3 次/)
  await page.getByText(/句话，\d+ 条建议/).waitFor()
  await shot('proposals')
})

test('approved, it is understood at once; undone, no longer', async () => {
  const before = await takenFor('报销要用的单子能弄一张不')
  assert.ok(before.id !== 'invoice' || before.score < 0.7, JSON.stringify(before))
  await card('报销要用的单子能弄一张不').getByRole('button', { name: '批准' }).click()
  await card('报销要用的单子能弄一张不').getByText('已批准').waitFor()
  const now = await takenFor('报销要用的单子能弄一张不')
  assert.equal(now.id, 'invoice')
  assert.ok(now.score > 0.9, JSON.stringify(now))
  await page.locator('.el-message').getByText('撤销').click()
  await card('报销要用的单子能弄一张不').getByRole('button', { name: '批准' }).waitFor()
  assert.deepEqual(await takenFor('报销要用的单子能弄一张不'), before)
})

test('one is merged into another question, in other words', async () => {
  const one = card('买完反悔了怎么整')
  await one.getByRole('button', { name: '并入' }).click()
  await one.getByLabel('说法').fill('买完又不想要了咋办')
  await one.getByLabel('问题').click()
  await page.keyboard.type('退货')
  await page.locator('.el-select-dropdown__item').getByText('怎么退货').click()
  await shot('proposals-merge')
  await one.getByRole('button', { name: '批准到这里' }).click()
  await page.locator('.card.approved').waitFor()
  assert.equal((await takenFor('买完又不想要了咋办')).id, 'back')
})

test('several are refused together, and do not come back', async () => {
  await card('礼拜天你们上班').locator('.el-checkbox').click()
  await card('盒子里的小东西').locator('.el-checkbox').click()
  await page.getByText('已选 2 条').waitFor()
  await page.locator('.picked').getByRole('button', { name: '拒绝' }).click()
  await card('礼拜天你们上班').getByText('已拒绝').waitFor()
  await page.getByRole('button', { name: '查看通话' }).click()
  await page.waitForFunction(() => document.querySelectorAll('.card.refused').length === 0)
  assert.equal(await card('礼拜天你们上班').count(), 0)
  await tab('已拒绝').click()
  await card('礼拜天你们上班').waitFor()
  await tab('已批准').click()
  await card('买完又不想要了咋办').waitFor()
  await tab('还没有答案').click()
  await page.getByText('小狗').first().waitFor()
  await shot('proposals-unanswered')
})

test('who may only look finds no way to decide', async () => {
  await browser.context.clearCookies()
  await signIn(page, server, 'zhou')
  await page.goto(`${server.url}/knowledge/proposals`)
  await card('报销要用的单子能弄一张不').waitFor()
  assert.equal(await page.getByRole('button', { name: '批准' }).count(), 0)
  assert.equal(await page.getByRole('button', { name: '查看通话' }).count(), 0)
})

test('the browser had nothing to complain of', () => {
  assert.deepEqual(complaints, [])
})
