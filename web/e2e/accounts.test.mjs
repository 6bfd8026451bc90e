// Users, tokens, the second factor and the audit trail, as an administrator and others
// find them; with SCREENS=1 the pages' pictures go to docs/screens.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
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

const drawer = () => page.locator('.el-drawer')

/** The code of an authenticator (RFC 6238), step by step as a phone makes it. */
function code(secret, steps = 0) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))
  const step = Buffer.alloc(8)
  step.writeBigInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
  const sum = createHmac('sha1', key).update(step).digest()
  return String((sum.readUInt32BE(sum[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

// Escape is the question's own until it has gone.
async function clickConfirm() {
  const asked = page.locator('.el-popper:visible .el-popconfirm__action')
  await asked.getByRole('button').last().click()
  await asked.waitFor({ state: 'hidden' })
}

test('a user is added, changed and disabled', async () => {
  await page.getByRole('link', { name: '设置' }).click()
  await page.locator('table.users tbody tr').nth(2).waitFor()
  await page.getByRole('button', { name: '添加用户' }).click()
  await drawer().locator('input[name=name]').fill('王芳')
  await drawer().locator('input[name=display_name]').fill('王芳（售后）')
  await drawer().locator('input[name=agent]').fill('agent1')
  await drawer().getByRole('button', { name: '保存' }).click()
  const secret = await drawer().locator('.secret code').innerText()
  assert.ok(secret.length >= 20)
  await page.waitForURL(/user=/)
  await drawer().locator('.secret').getByRole('button', { name: '好了' }).click()
  await drawer().getByText('现在没有登录').waitFor()
  await drawer().getByRole('button', { name: '停用' }).click()
  await drawer().getByRole('button', { name: '恢复' }).waitFor()
  await drawer().getByRole('button', { name: '重置密码' }).click()
  await clickConfirm()
  await drawer().locator('.secret code').waitFor()
  assert.notEqual(await drawer().locator('.secret code').innerText(), secret)
  await page.keyboard.press('Escape')
  await drawer().waitFor({ state: 'hidden' })
  await page.locator('tr.off', { hasText: 'agent1' }).waitFor()
  await page.goto(`${server.url}/settings/users?user=admin`)
  await drawer().getByRole('button', { name: '停用' }).click()
  await drawer().getByText('至少要留一位能登录的管理员').waitFor()
})

test('a token is made for a purpose and revoked', async () => {
  await page.goto(`${server.url}/settings/tokens`)
  await page.getByText('还没有令牌').waitFor()
  await page.getByRole('button', { name: '新建令牌' }).click()
  await drawer().locator('input[name=token]').fill('CRM')
  await drawer().locator('.el-select').nth(1).click()
  await page.locator('.el-select-dropdown__item', { hasText: 'calls:read' }).click()
  await drawer().locator('input[name=token]').click()
  await drawer().getByRole('button', { name: '新建令牌' }).click()
  const token = await page.locator('.secret code').innerText()
  const ask = (path) => fetch(`${server.url}/api/v1${path}`, { headers: { Authorization: `Bearer ${token}` } })
  assert.equal((await ask('/calls')).status, 200)
  assert.equal((await ask('/knowledge')).status, 403)
  await page.locator('table.list').getByRole('button', { name: '作废' }).click()
  await clickConfirm()
  await page.getByText('还没有令牌').waitFor()
  assert.equal((await ask('/calls')).status, 401)
})

test('a second factor is turned on, asked for, and got around by a recovery code', async () => {
  const other = await openPage(browser.context, complaints)
  await browser.context.clearCookies()
  await signIn(other, server, 'li')
  await other.goto(`${server.url}/account`)
  const totp = other.locator('section.totp')
  await totp.locator('input[name=password]').fill(server.password)
  await totp.getByRole('button', { name: '开启' }).click()
  const secret = await totp.locator('code.typed').innerText()
  assert.ok(await totp.locator('img.picture').evaluate((i) => i.complete && i.naturalWidth > 50))
  await totp.locator('input[name=code]').fill(code(secret))
  await totp.getByRole('button', { name: '确认开启' }).click()
  await totp.locator('.codes li').nth(9).waitFor()
  const recovery = await totp.locator('.codes li').allInnerTexts()
  assert.equal(recovery.length, 10)
  await totp.getByRole('button', { name: '我抄好了' }).click()
  for (const given of [code(secret, 1), recovery[3]]) {
    await browser.context.clearCookies()
    await other.goto(`${server.url}/login`)
    await other.locator('input[name=username]').fill('li')
    await other.locator('input[name=password]').fill(server.password)
    await other.locator('button[type=submit]').click()
    await other.locator('input[name=code]').fill(given)
    await other.locator('button[type=submit]').click()
    await other.waitForURL(`${server.url}/`)
  }
  await other.close()
  await browser.context.clearCookies()
  await signIn(page, server)
})

test('who did and saw what is found', async () => {
  await page.goto(`${server.url}/calls/01SEED00000000000000000140`)
  await page.locator('.turn').first().waitFor()
  await page.goto(`${server.url}/audit`)
  await page.locator('table.trail tbody tr').nth(5).waitFor()
  await page.getByText('完整无缺').waitFor()
  await page.getByLabel('谁', { exact: true }).fill('admin')
  await page.keyboard.press('Enter')
  await page.waitForURL(/actor=admin/)
  await page.getByLabel('对什么').fill('01SEED00000000000000000140')
  await page.keyboard.press('Enter')
  await page.waitForURL(/subject=/)
  await page.locator('table.trail tbody tr', { hasText: '查看通话' }).first().waitFor()
  await page.getByRole('button', { name: '清除条件' }).click()
  await page.locator('table.trail tbody tr', { hasText: '添加用户' }).first().waitFor()
  await page.getByRole('link', { name: '谁试过什么' }).click()
  await page.getByText('还没有人试过什么').waitFor()
})

test('the pages as they look', async () => {
  const out = join(root, 'docs', 'screens')
  for (const language of ['zh-CN', 'en']) {
    for (const theme of ['light', 'dark']) {
      await page.evaluate(([l, t]) => {
        localStorage.setItem('hotline.language', l)
        localStorage.setItem('hotline.theme', t)
      }, [language, theme])
      for (const [name, path, ready] of [
        ['users', '/settings/users', 'table.users tbody tr'], ['user', '/settings/users?user=li', '.el-drawer .session, .el-drawer .none'],
        ['account', '/account', '.session'], ['audit', '/audit', 'table.trail tbody tr'],
      ]) {
        await page.goto(`${server.url}${path}`)
        await page.locator(ready).first().waitFor()
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name} is too wide`)
        if (process.env.SCREENS === '1') {
          await page.waitForTimeout(500)
          mkdirSync(out, { recursive: true })
          await page.screenshot({ path: join(out, `${name}-desktop-${language}-${theme}.png`) })
        }
      }
    }
  }
  await page.evaluate(() => localStorage.clear())
})

test('others manage nobody', async () => {
  await browser.context.clearCookies()
  await signIn(page, server, 'zhou')
  assert.equal(await page.getByRole('link', { name: '审计' }).count(), 0)
  for (const path of ['/settings/users', '/settings/tokens', '/audit']) {
    await page.goto(`${server.url}${path}`)
    await page.getByText('只有管理员能管理用户').waitFor()
  }
})

test('the browser had nothing to complain about', () => {
  assert.deepEqual(complaints, [])
})
