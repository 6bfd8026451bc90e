// Settings: an administrator changes rules, lines, words and score sheets, sees what they
// mean and what is wrong, saves, and takes it back; the privacy page; a message that was
// left is read and heard. With
// SCREENS=1 the pages' pictures go to docs/screens.
import assert from 'node:assert/strict'
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

const shot = async (name) => {
  if (!process.env.SCREENS) return
  const dir = process.env.SCREENS_DIR ?? join(root, 'docs', 'screens')
  mkdirSync(dir, { recursive: true })
  await page.screenshot({ path: join(dir, `${name}.png`) })
}

const rule = (label) => page.locator('.rule', { has: page.getByText(label, { exact: true }) }).first()
const side = () => page.locator('.side')

test('rules are changed, checked and taken back', async () => {
  await page.goto(`${server.url}/settings/business`)
  await side().getByText('没有修改').waitFor()
  await shot('rules-zh-light')
  const vip = rule('贵宾').locator('input')
  assert.equal(await vip.inputValue(), '5')
  await vip.fill('8')
  await vip.press('Tab')
  await side().getByText('queue.head_start.vip', { exact: true }).waitFor()
  await side().getByText('8分钟的普通来电人前面').first().waitFor()

  // What cannot be is said at its field, and is not saved.
  const ring = rule('每人振铃').locator('input')
  await ring.fill('1')
  await ring.press('Tab')
  await rule('每人振铃').getByRole('alert').waitFor()
  assert.ok(await side().getByRole('button', { name: '保存' }).isDisabled())
  await ring.fill('25')
  await ring.press('Tab')
  await rule('每人振铃').getByRole('alert').waitFor({ state: 'detached' })
  await side().getByText('有 2 处修改').waitFor()

  await side().getByRole('button', { name: '保存' }).click()
  await side().getByText('没有修改').waitFor()
  await side().locator('.past li').first().getByText('queue.ring').waitFor()
  await page.reload()
  await side().getByText('没有修改').waitFor()
  assert.equal(await rule('贵宾').locator('input').inputValue(), '8', 'it stands in the file')
  await side().getByRole('button', { name: '撤销' }).click()
  await side().getByText('撤销了第 1 次').waitFor()
  assert.equal(await rule('贵宾').locator('input').inputValue(), '5')
})

test('a message is read, with what is urgent marked, and heard', async () => {
  await page.goto(`${server.url}/wishes?kind=message`)
  const message = page.locator('.wish', { hasText: '麻烦' }).first()
  await message.locator('mark', { hasText: '尽快' }).waitFor()
  await message.getByText('紧急', { exact: true }).waitFor()
  await message.getByRole('button', { name: '听留言' }).click()
  const player = message.locator('audio')
  await player.evaluate((a) => new Promise((resolve, reject) => {
    if (a.readyState >= 1) resolve()
    a.addEventListener('loadedmetadata', () => { resolve() })
    a.addEventListener('error', () => { reject(new Error('no sound')) })
  }))
  assert.match(await player.getAttribute('src'), /#t=\d/)
  await shot('messages-zh-light')
})

test('a line, its voice and its opening are changed in the page', async () => {
  await page.goto(`${server.url}/settings/lines`)
  await side().getByText('没有修改').waitFor()
  await shot('lines-zh-light')
  const line = page.locator('.line').first()
  const numbers = line.locator('.rule', { hasText: '号码' }).locator('input').first()
  const before = await numbers.inputValue()
  await numbers.fill(`${before}, 8088`)
  await numbers.press('Tab')
  await side().getByText('lines[0].numbers', { exact: true }).waitFor()
  await side().getByRole('button', { name: '保存' }).click()
  await side().getByText('没有修改').waitFor()

  // The voice that was tried is written down by one click.
  await page.goto(`${server.url}/settings/voices`)
  const voice = page.locator('.voice').first()
  await voice.locator('select').selectOption('kokoro-v1.0/zm_yunxi')
  await voice.getByRole('button', { name: '就用这个声音' }).click()
  await page.getByText('下一通电话就用它').waitFor()
  await page.goto(`${server.url}/settings/lines`)
  await side().getByText('没有修改').waitFor()
  assert.equal(await line.locator('.rule', { hasText: '声音' }).locator('input').first().inputValue(), 'kokoro-v1.0/zm_yunxi')
  assert.equal(await numbers.inputValue(), `${before}, 8088`)
  await side().locator('.past li').first().getByText('lines[0].voice').waitFor()
  await side().getByRole('button', { name: '撤销' }).click()
  await side().getByText(/撤销了第 \d+ 次/).first().waitFor()
  await page.waitForFunction(() => [...document.querySelectorAll('.line input')].every((i) => i.value !== 'kokoro-v1.0/zm_yunxi'))
})

test('a line names those by which its callers’ other languages are answered', async () => {
  await page.goto(`${server.url}/settings/lines`)
  await side().getByText('没有修改').waitFor()
  const others = page.locator('.line').first().locator('.rule', { hasText: '其他语言' })
  const english = others.getByLabel('english', { exact: true })
  assert.ok(await english.isChecked())
  await others.getByText('来电人说英语，就接着由“english”用英语答').waitFor()
  await english.uncheck()
  await others.getByText('会用英语告诉他这条线路不讲英语').waitFor()
  await side().getByText('lines[0].other_languages', { exact: true }).waitFor()

  // A line that is renamed is missed where it was named.
  await english.check()
  await side().getByText('没有修改').waitFor()
  const named = page.locator('.line').nth(1).locator('.rule', { hasText: '名称' }).locator('input')
  await named.fill('hotline')
  await named.press('Tab')
  await others.getByRole('alert').waitFor()
  assert.ok(await side().getByRole('button', { name: '保存' }).isDisabled())
  await others.getByLabel('hotline', { exact: true }).check()
  await english.click() // and is gone: no line has the name any more
  await others.getByRole('alert').waitFor({ state: 'detached' })
  await named.fill('english')
  await named.press('Tab')
  await side().getByRole('button', { name: '放弃修改' }).click()

  await english.uncheck()
  await side().getByText('有 1 处修改').waitFor()
  await side().getByRole('button', { name: '保存' }).click()
  await side().getByText('没有修改').waitFor()
  await page.reload()
  await side().getByText('没有修改').waitFor()
  assert.ok(!await english.isChecked(), 'it stands in the file')
  await side().getByRole('button', { name: '撤销' }).click()
  await side().getByText(/撤销了第 \d+ 次/).first().waitFor()
  await others.getByText('来电人说英语，就接着由“english”用英语答').waitFor()
  assert.ok(await english.isChecked())
})

test('a trunk is changed, tried and taken back', async () => {
  await page.goto(`${server.url}/settings/trunks`)
  await side().getByText('没有修改').waitFor()
  await shot('trunks-zh-light')
  const trunk = page.locator('.trunk').first()
  const at = (label) => trunk.getByLabel(label, { exact: true })
  assert.equal(await at('密码').inputValue(), '', 'a password never comes to the page')
  assert.equal(await at('密码').getAttribute('placeholder'), '不变')
  await trunk.getByRole('button', { name: '测试' }).click()
  await trunk.getByText('账号可以登录').waitFor()
  const proxy = await at('服务器').inputValue()
  await at('服务器').fill('sip:silent.example')
  await at('服务器').press('Tab')
  // The password that is kept goes to no other server, not even for a trial.
  await trunk.getByText('服务器改了，请重新输入密码').waitFor()
  await Promise.all([
    page.waitForEvent('console', (m) => /status of 422/.test(m.text())), // the browser says that it was refused
    trunk.getByRole('button', { name: '测试' }).click(),
  ])
  complaints.splice(complaints.findIndex((c) => c.includes('422')), 1)
  await trunk.getByText('没有测试：服务器改了').waitFor()
  await at('密码').fill('typed-again')
  await at('密码').press('Tab')
  await trunk.getByText('服务器改了，请重新输入密码').waitFor({ state: 'detached' })
  await trunk.getByRole('button', { name: '测试' }).click()
  await trunk.getByText('没有应答').waitFor()
  await at('密码').fill('')
  await at('密码').press('Tab')
  await at('服务器').fill(proxy)
  await at('同时通话').fill('12')
  await at('同时通话').press('Tab')
  await side().getByText('telecom.channels', { exact: true }).waitFor()

  // A new one says what it lacks.
  await page.getByRole('button', { name: '添加中继' }).click()
  const fresh = page.locator('.trunk').last()
  await fresh.getByLabel('名称', { exact: true }).fill('spare')
  await fresh.getByLabel('服务器', { exact: true }).fill('sip:spare.example')
  await fresh.getByLabel('线路', { exact: true }).fill('main')
  await fresh.getByLabel('账号', { exact: true }).fill('2002')
  await fresh.getByLabel('账号', { exact: true }).press('Tab')
  await fresh.getByText('注册需要密码').waitFor()
  assert.ok(await side().getByRole('button', { name: '保存' }).isDisabled())
  await fresh.getByLabel('密码', { exact: true }).fill('of-the-carrier')
  await fresh.getByLabel('密码', { exact: true }).press('Tab')
  await side().getByText('有 2 处修改').waitFor()
  await side().getByRole('button', { name: '保存' }).click()
  await side().getByText('没有修改').waitFor()
  await page.reload()
  await side().getByText('没有修改').waitFor()
  assert.equal(await page.locator('.trunk').count(), 3)
  assert.equal(await at('同时通话').inputValue(), '12')
  assert.ok(!(await page.content()).includes('of-the-carrier'))
  await trunk.getByText('在这里改过').waitFor()
  await side().getByRole('button', { name: '撤销' }).click()
  await side().getByText(/撤销了第 \d+ 次/).first().waitFor()
  await page.waitForFunction(() => document.querySelectorAll('.trunk').length === 2)
})

test('sensitive words and score sheets are changed in the page', async () => {
  await page.goto(`${server.url}/settings/words?subject=insults`)
  await side().getByText('没有修改').waitFor()
  await shot('words-zh-light')
  const own = page.locator('textarea.own')
  await own.fill('大坏蛋 | shout')
  await Promise.all([
    page.waitForEvent('console', (m) => /status of 422/.test(m.text())), // the browser says that it was refused
    side().getByRole('button', { name: '保存' }).click(),
  ])
  await side().getByRole('alert').waitFor()
  complaints.splice(complaints.findIndex((c) => c.includes('422')), 1)
  await own.fill('大坏蛋 | warn')
  await side().getByRole('button', { name: '保存' }).click()
  await side().getByText('没有修改').waitFor()
  await page.reload()
  await side().locator('.past li').first().getByText('大坏蛋').waitFor()
  assert.equal(await own.inputValue(), '大坏蛋 | warn')
  const row = page.locator('.subjects tr', { hasText: '政治' })
  await Promise.all([
    page.waitForResponse((r) => r.url().includes('subject=policies') && r.request().method() === 'PUT'),
    row.locator('select').first().selectOption('end'),
  ])
  await page.reload()
  await row.waitFor()
  assert.equal(await row.locator('select').first().inputValue(), 'end', 'what follows is kept')

  await page.goto(`${server.url}/settings/sheets`)
  await page.getByText('现在用的是自带的评分表').waitFor()
  await shot('sheets-zh-light')
  const sheet = page.locator('.sheet').first()
  await sheet.getByRole('button', { name: '添加评分项' }).click()
  const item = sheet.locator('.item').last()
  await item.getByLabel('评分项').fill('结束时道谢')
  await item.locator('select').selectOption('says')
  await item.getByLabel('说过其中一句').fill('谢谢, 感谢')
  await item.getByLabel('说过其中一句').press('Tab')
  await side().getByRole('button', { name: '保存' }).click()
  await page.getByText('写回 quality.yaml').waitFor()
  await page.reload()
  assert.equal(await page.locator('.sheet').first().locator('.item').last().getByLabel('评分项').inputValue(), '结束时道谢')
  await side().getByRole('button', { name: '撤销' }).click()
  await page.getByText('现在用的是自带的评分表').waitFor()
})

test('what is kept how long, who listened, and a caller’s data erased on request', async () => {
  await page.goto(`${server.url}/settings/privacy`)
  const kept = page.locator('.kept').first()
  await kept.locator('tr', { hasText: '录音' }).getByText('90 天').waitFor()
  await page.locator('.who tr', { hasText: 'admin' }).waitFor()
  await shot('privacy-zh-light')
  const number = page.locator('form input[type=tel]').first()
  await number.fill('13812348000')
  await page.getByRole('button', { name: '查看有什么' }).click()
  await page.locator('.found', { hasText: '通话' }).waitFor()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '导出 zip' }).click()])
  assert.equal(download.suggestedFilename(), 'caller.zip')
  await page.locator('.found').getByRole('button', { name: '全部删除' }).click()
  const dialog = page.locator('.el-dialog')
  const go = dialog.getByRole('button', { name: '全部删除' })
  assert.ok(await go.isDisabled(), 'not before the number stands there once more')
  await dialog.locator('input').fill('13812348000')
  await go.click()
  await page.getByText('没有任何留下').waitFor()
  await number.fill('13812348000')
  await page.getByRole('button', { name: '查看有什么' }).click()
  await page.getByText('这个号码没有任何数据').waitFor()
})

test('in English and in the dark', async () => {
  await page.evaluate(() => { localStorage.setItem('hotline.language', 'en'); localStorage.setItem('hotline.theme', 'dark') })
  await page.goto(`${server.url}/settings/business`)
  await side().getByText('Nothing changed').waitFor()
  await shot('rules-en-dark')
  for (const name of ['lines', 'trunks', 'words', 'sheets', 'privacy']) {
    await page.goto(`${server.url}/settings/${name}`)
    await page.locator('.section').first().waitFor()
    await page.waitForLoadState('networkidle')
    await shot(`${name}-en-dark`)
  }
  await page.goto(`${server.url}/settings/business`)
  await side().getByText('Nothing changed').waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), 'nothing sticks out on a phone')
  assert.deepEqual(complaints, [])
})
