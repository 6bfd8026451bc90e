// The knowledge pages, as a supervisor and an analyst find them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openPage, signIn, startBrowser, startServer } from './stage.mjs'

const complaints = []
let server
let browser
let page

before(async () => {
  server = await startServer('-empty')
  browser = await startBrowser()
  page = await openPage(browser.context, complaints)
  await signIn(page, server, 'li')
})

after(async () => {
  await browser?.stop()
  await server?.stop()
})

const drawer = () => page.locator('.el-drawer')
const tryIt = async (sentence) => {
  await page.getByLabel('试一句').fill(sentence)
  await page.getByRole('button', { name: '试试' }).click()
  await page.locator('.found').waitFor()
}

test('questions are searched and filtered, and the address keeps it', async () => {
  await page.goto(`${server.url}/`)
  await page.getByRole('link', { name: '知识库' }).click()
  await page.locator('table.list tbody tr').first().waitFor()
  assert.equal(await page.locator('table.list tbody tr').count(), 7)
  await page.getByLabel('搜索问题、说法、答案').fill('快递')
  await page.keyboard.press('Enter')
  await page.waitForURL(/q=/)
  await page.waitForFunction(() => document.querySelectorAll('table.list tbody tr').length === 2)
  await page.getByRole('button', { name: '清除条件' }).click()
  await page.waitForFunction(() => document.querySelectorAll('table.list tbody tr').length === 7)
})

test('a change is advised on, kept as a draft, and heard once it is published', async () => {
  await page.locator('table.list').getByText('运费多少').click()
  await drawer().locator('textarea[name=answer]').waitFor()
  await page.waitForURL(/id=ship/)
  await drawer().locator('textarea[name=answer]').fill('请点击 www.example.com 看运费。')
  await drawer().getByText('电话里记不下来').waitFor()
  await drawer().locator('textarea[name=answer]').fill('一律五元，满五十元免运费。')
  await drawer().getByText('电话里记不下来').waitFor({ state: 'detached' })
  await drawer().getByLabel('相似问').fill('寄过来要钱吗')
  await page.keyboard.press('Enter')
  await drawer().getByRole('button', { name: '存为草稿' }).click()
  await drawer().locator('.state.draft').waitFor()
  await drawer().getByRole('button', { name: '提交审核' }).click()
  await drawer().locator('.state.review').waitFor()
  await drawer().getByRole('button', { name: '发布', exact: true }).click()
  await drawer().locator('.state.published').waitFor()
  await drawer().locator('.versions li').nth(3).waitFor()
  await page.keyboard.press('Escape')
  await drawer().waitFor({ state: 'detached' })
  await tryIt('寄过来要钱吗')
  await page.getByText('会回答：一律五元，满五十元免运费。').waitFor()
})

test('an older version comes back', async () => {
  await page.locator('table.list').getByText('运费多少').click()
  await drawer().locator('.versions li').last().getByRole('button', { name: '恢复这一版' }).click()
  await page.locator('.el-popconfirm').getByRole('button').last().click()
  await drawer().locator('.versions li').nth(4).waitFor()
  assert.match(await drawer().locator('.versions li').first().innerText(), /不满收六元/)
  await page.keyboard.press('Escape')
  await drawer().waitFor({ state: 'detached' })
  await tryIt('邮费怎么算')
  await page.getByText('会回答：满五十元免运费，不满收六元。').waitFor()
})

test('a new question is answered at once', async () => {
  await page.getByRole('button', { name: '新建' }).click()
  await drawer().locator('input[name=question]').fill('有停车场吗')
  await drawer().locator('textarea[name=answer]').fill('门口有停车场，免费停两小时。')
  await drawer().getByRole('button', { name: '发布', exact: true }).click()
  await drawer().locator('.state.published').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('table.list').getByText('有停车场吗').waitFor()
})

test('an import is tried first, and says what is wrong by line', async () => {
  await page.getByRole('button', { name: '导入' }).click()
  const file = (text) => ({ name: 'new.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
  await page.locator('input[type=file]').setInputFiles(file('问题,答案\n多久能到,一天。\n有赠品吗,\n'))
  await page.locator('.report .bad').waitFor()
  assert.match(await page.locator('.report .problems').innerText(), /第 3 行/)
  await page.locator('input[type=file]').setInputFiles(file('问题,答案\n多久能到,一般一天送到。\n有赠品吗,有的。\n'))
  await page.getByText('新增 1，修改 1，不变 0，重复 0').waitFor()
  await page.getByRole('button', { name: '导入并发布' }).click()
  await page.locator('table.list').getByText('有赠品吗').waitFor()
  await page.getByRole('button', { name: '写回文件' }).click()
  await page.getByText(/已写回 \d 条/).waitFor()
  await page.getByRole('button', { name: '写回文件' }).waitFor({ state: 'detached' })
})

test('who may only look finds no way to change', async () => {
  await browser.context.clearCookies()
  await signIn(page, server, 'zhou')
  await page.goto(`${server.url}/knowledge?id=hours`)
  await drawer().getByText('您的角色只能查看').waitFor()
  assert.equal(await page.getByRole('button', { name: '新建' }).count(), 0)
  assert.equal(await drawer().getByRole('button', { name: '发布', exact: true }).count(), 0)
  assert.equal(await drawer().locator('textarea[name=answer]').isDisabled(), true)
})

test('the browser had nothing to complain of', () => {
  assert.deepEqual(complaints, [])
})
