// Campaigns: one is made by its sentences, its contacts come from a file with a column put
// right by hand, the dry run tells who can be called, it starts and is paused with a way
// back; what came of another, with its contacts' history, and the numbers that are not
// called. With SCREENS=1 the pages' pictures go to docs/screens.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openPage, pictures, root, signIn, startBrowser, startServer } from './stage.mjs'

const complaints = []
let server
let browser
let page

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  page = await openPage(browser.context, complaints)
  await page.setViewportSize({ width: 1280, height: 1080 })
  await signIn(page, server)
})

after(async () => {
  await browser?.stop()
  await server?.stop()
})

const shot = async (name) => {
  if (!process.env.SCREENS) return
  const dir = process.env.SCREENS_DIR ?? join(root, 'docs', 'screens')
  mkdirSync(dir, { recursive: true })
  await page.screenshot({ path: join(dir, `${name}.png`) })
}

/** The value of a datetime-local input, some days from now, at an hour of Shanghai. */
const inShanghai = (days, hour) => page.evaluate(([d, h]) => {
  const at = new Date(Date.now() + d * 86_400_000)
  at.setUTCHours(h - 8, 0, 0, 0)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}, [days, hour])

test('the keys lead to the campaigns', async () => {
  await page.locator('body').press('?')
  await page.locator('.el-dialog').getByText('外呼').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('.el-dialog').waitFor({ state: 'hidden' })
  await page.keyboard.press('g')
  await page.keyboard.press('o')
  await page.getByRole('link', { name: '明天上门安装的提醒' }).waitFor()
  await shot('campaigns-zh-light')
})

test('a campaign is made by its sentences', async () => {
  await page.getByRole('button', { name: '新建外呼' }).click()
  const form = page.locator('.campaign-form')
  await form.getByLabel('线路').locator('option').nth(1).waitFor({ state: 'attached' })
  await form.getByLabel('名称').fill('周末试听课的提醒')
  await form.getByLabel('目的').selectOption('reminder')
  await form.getByLabel('一天最多').fill('1')
  await form.getByLabel('一天最多').press('Tab')
  await form.getByLabel('开头的话').fill('您好，{姓名}，我是云帆的智能助手小云，通话会录音。提醒您{时段}有一节试听课，不想接请按 9。')
  await form.getByLabel('按键').selectOption('9')
  // What counts as the goal is one of the things that the task asks, in its own words.
  assert.ok(await form.getByLabel('问到什么算达成').isDisabled())
  await form.getByText('先在下面选好接着办的流程').waitFor()
  await form.getByLabel('接着办的流程').selectOption('call-appointment')
  await form.getByLabel('问到什么算达成').selectOption({ label: '来不来' })
  await form.getByLabel('答什么算达成').selectOption({ label: '能来' })
  await form.getByText('比如流程问“来不来”').waitFor()
  await shot('campaign-new-zh-light')
  await form.getByRole('button', { name: '建好，去导名单' }).click()
  await page.getByText('名单里还没有人').waitFor()
})

test('contacts come from a file, with a column put right', async () => {
  const rows = ['谁,哪个号,时段', '王小姐,13912340001,周六上午', '李先生,13912340002,周六下午', '张女士,12345,周日', '陈先生,13800001111,周日']
  await page.locator('input[type=file]').setInputFiles({ name: '试听.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) })
  await page.getByLabel('谁', { exact: true }).selectOption('name')
  await page.getByLabel('哪个号', { exact: true }).selectOption('number')
  await page.getByLabel('时段', { exact: true }).selectOption('field')
  await shot('campaign-import-zh-light')
  await page.getByRole('button', { name: '导入', exact: true }).click()
  await page.getByText('4 行，加进去 3 个，1 行没有加').waitFor()
  const [bad] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '下载没有加的行和原因' }).click()])
  assert.match(bad.suggestedFilename(), /试听.*\.csv$/)
  assert.match(readFileSync(await bad.path(), 'utf8'), /张女士,12345/)
})

test('the dry run tells how many, and why not the others', async () => {
  const at = page.locator('input[type=datetime-local]')
  await at.fill(await inShanghai(2, 11))
  await page.getByText('2 个人能打').waitFor()
  const why = page.locator('.why li')
  await why.filter({ hasText: '说过不要再打' }).getByText('不会打').waitFor()
  await at.fill(await inShanghai(2, 23))
  await why.filter({ hasText: '不在时间段里' }).getByText('最早').waitFor()
  await shot('campaign-forecast-zh-light')
})

test('it starts, and is paused with a way back', async () => {
  await page.getByRole('button', { name: '开始打' }).click()
  await page.locator('.state', { hasText: '进行中' }).waitFor()
  await page.getByRole('button', { name: '暂停', exact: true }).click()
  await page.locator('.state', { hasText: '已暂停' }).waitFor()
  await page.locator('.el-message').getByRole('button', { name: '继续打' }).click()
  await page.locator('.state', { hasText: '进行中' }).waitFor()
  await page.getByRole('link', { name: '内容' }).click()
  assert.equal(await page.getByLabel('名称').inputValue(), '周末试听课的提醒')
  assert.equal(await page.getByLabel('按键').inputValue(), '9')
  assert.equal(await page.getByLabel('问到什么算达成').inputValue(), 'come')
  assert.equal(await page.getByLabel('答什么算达成').inputValue(), 'yes')
  // What is typed waits for its author while he looks at the other tabs.
  await page.getByLabel('一天最多').fill('2')
  await page.getByRole('link', { name: '名单', exact: true }).click()
  await page.locator('.people').waitFor()
  await page.getByRole('link', { name: '内容（没保存）' }).click()
  assert.equal(await page.getByLabel('一天最多').inputValue(), '2')
  await page.getByRole('button', { name: '保存' }).click()
  await page.getByText('已保存，从下一个电话起').waitFor()
  await page.getByRole('link', { name: '内容', exact: true }).waitFor()
  assert.equal(await page.getByLabel('一天最多').inputValue(), '2')
  await page.getByRole('button', { name: '停止', exact: true }).click()
  await page.locator('.el-dialog').getByText('停止以后不能再开始').waitFor()
  await page.keyboard.press('Escape')
})

test('why nobody is called is told as it changes, on the page and in the list', async () => {
  await page.goto(`${server.url}/campaigns/visit-reminder`)
  await page.locator('.bars').waitFor()
  const why = page.locator('[data-what=waits]')
  assert.equal(await why.count(), 0, 'calls go out')
  server.waits('visit-reminder', 'per_day')
  await why.getByText('今天能打的电话打满了').waitFor()
  await why.getByText('outbound.max_calls_per_day').waitFor()
  await pictures(page, 'campaign-waits')
  assert.equal(await why.locator('[data-what=server]').count(), 0, 'there is one server')
  server.waits('visit-reminder', 'trunk')
  server.waits('visit-reminder', 'window', 'west')
  await why.locator('[data-what=server]', { hasText: '服务器 west：现在不能打' }).waitFor()
  await why.locator('[data-what=server]', { hasText: '服务器 main：电话线路现在打不出去' }).waitFor()
  server.waits('visit-reminder', '', 'west')
  await why.waitFor({ state: 'detached' })
  server.waits('visit-reminder', 'no_trunk', 'west')
  server.waits('visit-reminder', 'no_trunk')
  await why.getByText('还没有电话线路（中继），一个也打不出去').waitFor()
  await why.getByRole('link', { name: '设置 → 中继' }).waitFor()
  assert.doesNotMatch(await why.textContent(), /[a-z]{4}/, 'no word of it is English')
  server.waits('visit-reminder', 'no_rule', 'west')
  server.waits('visit-reminder', 'no_rule')
  await why.getByText('没有哪条电话线路（中继）能打名单里这样的号码').waitFor()
  server.waits('visit-reminder', 'nobody_due', 'west')
  server.waits('visit-reminder', 'nobody_due')
  await why.getByText('现在没有该打的人，下一个最早').waitFor()
  await why.getByText('语音信箱').waitFor()
  await page.goto(`${server.url}/campaigns`)
  await page.locator('tr', { hasText: '明天上门安装的提醒' }).getByText('现在没有该打的人').waitFor()
  await pictures(page, 'campaigns-waits')
  server.waits('visit-reminder', '', 'west')
  await why.waitFor({ state: 'detached' })
})

test('the form follows who talks, and says what the server does not allow', async () => {
  await page.goto(`${server.url}/campaigns/new`)
  const form = page.locator('.campaign-form')
  await form.locator('[data-what=bounds]').waitFor()
  const mode = form.getByLabel('谁来谈')
  for (const [m, there, gone] of [
    ['preview', ['坐席开头怎么说', '技能'], ['按键', '接着办的流程', '遇到语音信箱，“嘀”声后说']],
    ['progressive', ['坐席开头怎么说', '技能'], ['坐席都在忙时说']],
    ['predictive', ['接通时机器先说', '坐席都在忙时说', '按键', '技能'], ['接着办的流程', '问到什么算达成']],
    ['agentless', ['开头的话', '接着办的流程', '按键', '问到什么算达成'], ['技能', '坐席都在忙时说']],
  ]) {
    await mode.selectOption(m)
    for (const label of there) await form.getByLabel(label).first().waitFor()
    for (const label of gone) assert.equal(await form.getByLabel(label).count(), 0, `${m}: ${label}`)
    if (m !== 'progressive') await pictures(page, `campaign-form-${m}`)
    assert.equal(await mode.inputValue(), m)
  }
  const over = form.locator('[data-over]')
  assert.equal(await over.count(), 0)
  await form.getByLabel('同时最多').fill('80')
  await form.locator('[data-over="trunks.carrier.channels"]').getByText('30').waitFor()
  await form.getByLabel('每秒最多').fill('2')
  await form.locator('[data-over="outbound.max_calls_per_minute"]').getByText('60').waitFor()
  await form.getByLabel('周一到周五到').fill('22:00')
  await form.locator('[data-over="campaigns.hours"]').getByText('08:00-21:00').waitFor()
  await form.getByLabel('一天最多').fill('5')
  await form.getByLabel('目的').selectOption('marketing')
  assert.equal(await over.count(), 5)
  await form.locator('[data-what=bounds] summary').click()
  await form.getByText('最早和最晚可以打的时间').waitFor()
  await shot('campaign-bounds-zh-light')
})

test('what came of a campaign, and of each contact', async () => {
  await page.goto(`${server.url}/campaigns/visit-reminder`)
  const called = page.locator('.bars li').filter({ hasText: '打过' })
  await called.waitFor()
  assert.equal(await called.locator('.num').first().textContent(), '150')
  assert.equal(await page.locator('.hour').count(), 24)
  await page.getByText('现在停下来选，等于碰运气').waitFor()
  await shot('campaign-results-zh-light')
  await page.getByRole('link', { name: '名单', exact: true }).click()
  await page.getByLabel('状态').selectOption('reached')
  await page.locator('.people .row').first().getByText('谈过了').waitFor()
  await page.locator('.people .who').first().click()
  await page.locator('.history').getByText('本人接听').waitFor()
  await page.locator('.history').getByRole('link', { name: '听录音' }).waitFor()
  await shot('campaign-contacts-zh-light')
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV', exact: true }).click()])
  const lines = readFileSync(await file.path(), 'utf8').trim().split('\n')
  assert.ok(lines.length > 100 && lines.every((l, i) => i === 0 || l.includes('reached')), 'what is seen is what is in the file')
  await page.locator('.history').getByRole('link', { name: '听录音' }).click()
  await page.locator('.facts').getByText('本人接听').waitFor()
  await shot('campaign-call-zh-light')
})

test('a number is put on the list and taken off', async () => {
  await page.goto(`${server.url}/campaigns/lists`)
  const rows = page.locator('table.list tbody tr')
  await rows.first().waitFor()
  const before = await rows.count()
  await page.getByLabel('电话').fill('139 1234 0009')
  await page.getByRole('button', { name: '加进来' }).click()
  const mine = rows.filter({ hasText: '139 1234 0009' })
  await mine.waitFor()
  await shot('suppressions-zh-light')
  await mine.getByRole('button', { name: '拿出来' }).click()
  await mine.getByLabel('为什么拿出来').fill('本人来电要求恢复')
  await mine.getByRole('button', { name: '拿出来' }).click()
  await mine.waitFor({ state: 'detached' })
  assert.equal(await rows.count(), before)
})

test('in English, in the dark and on a phone', async () => {
  await page.evaluate(() => { localStorage.setItem('hotline.language', 'en'); localStorage.setItem('hotline.theme', 'dark') })
  const pages = { campaigns: '/campaigns', 'campaign-new': '/campaigns/new', 'campaign-results': '/campaigns/visit-reminder', 'campaign-contacts': '/campaigns/visit-reminder?tab=people', suppressions: '/campaigns/lists' }
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(server.url + path)
    await page.locator('.page h1').waitFor()
    await page.locator('.skeleton').first().waitFor({ state: 'hidden' })
    await shot(`${name}-en-dark`)
  }
  await page.setViewportSize({ width: 390, height: 844 })
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(server.url + path)
    await page.locator('.page h1').waitFor()
    await page.locator('.skeleton').first().waitFor({ state: 'hidden' })
    await shot(`${name}-phone-en-dark`)
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), `${path}: nothing sticks out on a phone`)
  }
  assert.deepEqual(complaints, [])
})

// Last: its server has another session, and a browser keeps one for both.
test('a new owner finds the campaigns that the business brings along', async () => {
  await page.evaluate(() => { localStorage.removeItem('hotline.language'); localStorage.removeItem('hotline.theme') })
  await page.setViewportSize({ width: 1280, height: 1080 })
  const fresh = await startServer('--empty')
  try {
    await signIn(page, fresh)
    await page.goto(`${fresh.url}/campaigns`)
    await page.getByText('还没有外呼').waitFor()
    const files = page.locator('[data-what=files]')
    const visit = files.locator('li', { hasText: '到店预约提醒' })
    await visit.getByText('名单要有这些列：电话、姓名、城市、日期、时段。').waitFor()
    await visit.locator('[data-what=missing]').getByText('开始之前还差：名单、一条能打出去的电话线路（中继）').waitFor()
    const stuck = files.locator('li', { hasText: '包裹异常主动致歉' })
    await stuck.getByText('不用名单').waitFor()
    assert.doesNotMatch(await stuck.locator('[data-what=missing]').textContent(), /名单/)
    await pictures(page, 'campaign-files')
    await visit.getByRole('button', { name: '照这个建' }).click()
    await page.getByRole('heading', { level: 1, name: '到店预约提醒' }).waitFor()
    await page.getByText('草稿').waitFor()
    await page.getByText('名单里还没有人').waitFor()
    await page.getByRole('link', { name: '外呼', exact: true }).first().click()
    await page.locator('tr', { hasText: '到店预约提醒' }).waitFor()
    await files.locator('li', { hasText: '大件送货通知' }).waitFor()
    assert.equal(await visit.count(), 0, 'it is made')
    assert.deepEqual(complaints, [])
  } finally {
    await fresh.stop()
  }
})
