// What an owner does in an hour who is no programmer: he is away for too long, closes
// what he has not saved, and reads who did what.
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
  await signIn(page, server)
})

after(async () => {
  await browser?.stop()
  await server?.stop()
})

const drawer = () => page.locator('.el-drawer')
const again = () => page.getByRole('dialog', { name: '请重新登录' })

test('a session that runs out loses nothing that was typed', async () => {
  await page.goto(`${server.url}/knowledge`)
  await page.getByRole('button', { name: '新建' }).click()
  await drawer().locator('input[name=question]').fill('修旧风扇吗')
  await drawer().locator('textarea[name=answer]').fill('电风扇、电饭煲都修，三天来取。')
  await browser.context.clearCookies()
  await drawer().getByRole('button', { name: '存为草稿' }).click()
  await again().locator('input[name=again]').fill('not it')
  await again().getByRole('button', { name: '登录' }).click()
  await again().getByText('用户名或密码不对').waitFor()
  await again().locator('input[name=again]').fill(server.password)
  await page.keyboard.press('Enter')
  await again().waitFor({ state: 'detached' })
  await drawer().getByText('登录已过期').waitFor({ state: 'detached' })
  assert.equal(await drawer().locator('textarea[name=answer]').inputValue(), '电风扇、电饭煲都修，三天来取。')
  await drawer().getByRole('button', { name: '存为草稿' }).click()
  await drawer().locator('.state.draft').waitFor()
})

test('what is not saved is not closed without a question', async () => {
  const asked = []
  let answer = false
  const say = (d) => {
    asked.push(d.message())
    void (answer ? d.accept() : d.dismiss())
  }
  page.on('dialog', say)
  await drawer().locator('textarea[name=answer]').fill('只修电风扇。')
  await page.keyboard.press('Escape')
  assert.equal(await drawer().locator('textarea[name=answer]').inputValue(), '只修电风扇。', 'he says no')
  assert.match(asked[0], /没有保存/)
  answer = true
  await page.keyboard.press('Escape')
  await drawer().waitFor({ state: 'detached' })
  assert.equal(asked.length, 2)

  await page.goto(`${server.url}/campaigns/new`)
  await page.getByLabel('名称').fill('送货通知')
  answer = false
  await page.getByRole('link', { name: '知识库' }).click()
  assert.equal(await page.getByLabel('名称').inputValue(), '送货通知')
  assert.equal(asked.length, 3)
  answer = true
  await page.getByRole('link', { name: '知识库' }).click()
  await page.waitForURL(/knowledge/)
  page.off('dialog', say)
})

test('two people at one question: nothing is lost, and nothing is written over', async () => {
  await page.goto(`${server.url}/knowledge?id=hours`)
  await drawer().locator('textarea[name=answer]').fill('每天九点开门。')
  const other = await openPage(browser.context, complaints)
  await other.goto(`${server.url}/knowledge?id=hours`)
  await other.locator('.el-drawer textarea[name=answer]').fill('每天八点开门。')
  await other.locator('.el-drawer').getByRole('button', { name: '存为草稿' }).click()
  await other.locator('.el-drawer .state.draft').waitFor()
  await other.close()
  await drawer().getByRole('button', { name: '存为草稿' }).click()
  await drawer().locator('.conflict del').getByText('每天八点开门。').waitFor()
  assert.equal(await drawer().locator('textarea[name=answer]').inputValue(), '每天九点开门。')
  await drawer().getByRole('button', { name: '留我的' }).click()
  await drawer().getByRole('button', { name: '存为草稿' }).click()
  await drawer().locator('.versions li').nth(2).waitFor()
  assert.equal(await drawer().locator('textarea[name=answer]').inputValue(), '每天九点开门。')
})

test('a password is copied on a page that came by http from another machine', async () => {
  const plain = await openPage(browser.context, complaints)
  await plain.addInitScript(() => { Object.defineProperty(navigator, 'clipboard', { value: undefined }) })
  await plain.goto(`${server.url}/settings/users?new`)
  const form = plain.locator('.el-drawer')
  await form.locator('input[name=name]').fill('zhang')
  await form.getByRole('button', { name: '保存' }).click()
  await form.locator('.secret').getByRole('button', { name: '复制' }).click()
  await plain.getByText('已复制').waitFor()
  await plain.close()
})

test('an administrator who takes calls too says which agent he is', async () => {
  await page.goto(`${server.url}/settings/users?user=admin`)
  await drawer().locator('input[name=agent]').fill('agent1')
  await drawer().getByRole('button', { name: '保存' }).click()
  await again().locator('input[name=again]').fill(server.password) // whose rights were changed signs in anew
  await page.keyboard.press('Enter')
  await again().waitFor({ state: 'detached' })
  await page.locator('table.users').getByText('agent1').waitFor()
})

test('the audit page says in words who did what', async () => {
  await page.goto(`${server.url}/settings/privacy`)
  await page.getByText('检查时间').waitFor()
  await page.goto(`${server.url}/campaigns/lists`)
  await page.getByText('没有号码').waitFor()
  await page.goto(`${server.url}/audit`)
  await page.locator('table.list tbody tr').nth(4).waitFor()
  const told = await page.locator('table.list tbody tr td:nth-child(3)').allInnerTexts()
  assert.ok(told.includes('隐私检查') && told.includes('查看不打的号码') && told.includes('新建问答'), told.join(', '))
  for (const what of told) assert.doesNotMatch(what, /^[a-z-]+$/)
})

test('the browser had nothing to complain of', () => {
  assert.deepEqual(complaints, [])
})
