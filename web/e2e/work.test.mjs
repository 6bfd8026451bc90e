// Tickets, prepared decisions and customers.
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
  server = await startServer()
  browser = await startBrowser()
  page = await openPage(browser.context, complaints)
  await signIn(page, server, 'li')
})

after(async () => {
  await browser?.stop()
  await server?.stop()
})

const shot = async (name) => {
  if (!process.env.SHOTS) return
  mkdirSync(process.env.SHOTS, { recursive: true })
  await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`), fullPage: true })
}
const row = (text) => page.locator('table.list tbody tr').filter({ hasText: text })

test('tickets are listed, found and opened by keys', async () => {
  await page.goto(`${server.url}/tickets`)
  await row('蓝牙耳机').waitFor()
  assert.equal(await page.locator('table.list tbody tr').count(), 3)
  assert.match(await row('签收').innerText(), /已超时/)
  await shot('tickets')
  await page.getByLabel('编号、号码、尾号或内容').fill('专用发票')
  await page.keyboard.press('Enter')
  await page.waitForURL(/q=/)
  await row('蓝牙耳机').waitFor({ state: 'detached' })
  await row('专用发票').waitFor()
  await page.getByRole('button', { name: '清除条件' }).click()
  await row('蓝牙耳机').waitFor()
  await page.locator('h1').click()
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/tickets\/\d+/)
  await page.getByText('蓝牙耳机左耳无声').waitFor()
})

test('a ticket gets an owner, a comment and a file', async () => {
  await page.getByRole('combobox', { name: '负责人' }).locator('xpath=ancestor::*[contains(@class, "el-select__wrapper")]').click()
  await page.locator('.el-select-dropdown__item:visible').getByText('agent1').click()
  await page.getByText('负责人：agent1').waitFor()
  await page.getByLabel('写一句进展').fill('已安排上门取件')
  await page.getByRole('button', { name: '记下' }).click()
  await page.locator('.history').getByText('已安排上门取件').waitFor()
  await page.locator('input[type=file]').setInputFiles({ name: '照片.png', mimeType: 'image/png', buffer: Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(5000)]) })
  await page.getByRole('link', { name: '照片.png' }).waitFor()
  await shot('ticket')
})

test('a new ticket asks for what its kind needs', async () => {
  await page.goto(`${server.url}/tickets`)
  await page.getByRole('button', { name: '新建工单' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('要做什么').fill('充电器换新')
  assert.equal(await dialog.getByRole('button', { name: '建立' }).isDisabled(), true)
  await dialog.getByLabel('订单', { exact: true }).fill('7788')
  await dialog.getByRole('button', { name: '建立' }).click()
  await page.waitForURL(/\/tickets\/\d+/)
  await page.getByText('充电器换新').waitFor()
})

test('what others do with tickets is seen at once', async () => {
  const other = await openPage(browser.context, complaints)
  await other.goto(`${server.url}/tickets`)
  const seen = (text) => other.locator('table.list tbody tr').filter({ hasText: text })
  await seen('充电器换新').waitFor()
  await page.goto(`${server.url}/tickets`)
  await page.getByRole('button', { name: '新建工单' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('要做什么').fill('台灯补寄灯罩')
  await dialog.getByLabel('订单', { exact: true }).fill('7789')
  await dialog.getByRole('button', { name: '建立' }).click()
  await seen('台灯补寄灯罩').waitFor()
  await page.getByRole('combobox', { name: '负责人' }).locator('xpath=ancestor::*[contains(@class, "el-select__wrapper")]').click()
  await page.locator('.el-select-dropdown__item:visible').getByText('agent1').click()
  await seen('台灯补寄灯罩').getByText('agent1').waitFor()
  await other.close()
})

test('a decision is approved with one click, taken back, changed and refused', async () => {
  const other = await openPage(browser.context, complaints)
  await other.goto(`${server.url}/reviews`)
  await other.locator('.card').filter({ hasText: '补偿券' }).waitFor()
  await page.goto(`${server.url}/reviews`)
  const coupon = page.locator('.card').filter({ hasText: '补偿券' })
  await coupon.getByRole('button', { name: '看依据' }).click()
  await coupon.getByText('说过的话').waitFor()
  await shot('reviews')
  await coupon.getByRole('button', { name: '批准', exact: true }).click()
  await coupon.getByText('等待通知').waitFor()
  await page.locator('.el-message').getByText('撤销').click()
  await coupon.getByRole('button', { name: '改金额或文字' }).click()
  await coupon.getByLabel('金额').fill('20')
  assert.match(await coupon.getByLabel('告诉来电人').inputValue(), /20/)
  await shot('review-change')
  await coupon.getByRole('button', { name: '批准', exact: true }).click()
  await coupon.getByText('批了 20').waitFor()
  const refund = page.locator('.card').filter({ hasText: '申请退款' })
  await refund.getByRole('button', { name: '拒绝' }).click()
  assert.equal(await refund.getByRole('button', { name: '拒绝并通知' }).isDisabled(), true)
  await refund.getByLabel('原因').fill('快递有签收照片')
  await refund.getByRole('button', { name: '拒绝并通知' }).click()
  await refund.getByText('等待通知').waitFor()
  // Whoever has the page open too sees what was decided.
  await other.locator('.card').filter({ hasText: '申请退款' }).getByText('等待通知').waitFor()
  await other.close()
})

test('a customer is found by the last four digits, and whole numbers are shown on demand', async () => {
  await page.goto(`${server.url}/customers`)
  await page.getByLabel('号码、尾号、姓名或标签').fill('8000')
  await page.keyboard.press('Enter')
  await row('王女士').waitFor()
  await shot('customers')
  await row('王女士').getByRole('link').click()
  await page.getByRole('heading', { name: '王女士' }).waitFor()
  assert.equal(await page.getByText('13812348000').count(), 0)
  await page.getByText('6603').first().waitFor()
  await shot('customer')
  await page.getByRole('button', { name: '显示完整号码' }).click()
  await page.getByText('13812348000').waitFor()
  await page.getByLabel('备注').fill('周末不打')
  await page.getByRole('button', { name: '保存' }).click()
  await page.locator('.el-message').getByText('已保存').waitFor()
})

test('in English and in the dark it reads as well', async () => {
  await page.evaluate(() => { localStorage.setItem('hotline.language', 'en') })
  for (const path of ['tickets', 'reviews', 'customers']) {
    await page.goto(`${server.url}/${path}`)
    await page.locator('h1').waitFor()
    await page.keyboard.press('D')
    await shot(`${path}-other`)
  }
})

test('the browser had nothing to complain of', () => {
  assert.deepEqual(complaints, [])
})
