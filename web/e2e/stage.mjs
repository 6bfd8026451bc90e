// What the tests stand on: the real store and web server over a day of made-up calls,
// and a headless Chromium.
import { execFileSync, spawn } from 'node:child_process'
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const browsers = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Builds and starts the server; it ends with its standard input. */
export async function startServer(...args) {
  const binary = join(root, 'bin', 'console-server') // where it stays, it is linked once for all files of tests
  execFileSync('go', ['build', '-tags', 'nolibopusfile', '-o', binary, './internal/web/webtest/server'], { cwd: root, stdio: 'inherit' })
  const child = spawn(binary, args, { stdio: ['pipe', 'pipe', process.env.DEBUG ? 'inherit' : 'ignore'] })
  const ended = new Promise((resolve) => { child.on('exit', resolve) })
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', (code) => { reject(new Error(`the server ended with ${code}`)) })
  })
  return {
    ...JSON.parse(line),
    /** Lets the call in progress go on by n sentences. */
    talk: (n = 1) => { child.stdin.write('\n'.repeat(n)) },
    /** Has the caller in the call in progress say what supervisors are alerted by. */
    upset: () => { child.stdin.write('upset\n') },
    /** Has another server on the database answer calls. */
    elsewhere: () => { child.stdin.write('elsewhere\n') },
    /** Has a campaign call nobody, here or on another server, and say why; with no reason it goes on. */
    waits: (campaign, why, node = '') => { child.stdin.write(`waits ${campaign} ${why} ${node}`.trimEnd() + '\n') },
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}

/** The process of a Chromium through which all of its network goes, WebRTC's too. */
function networkOf(profile) {
  const pid = readdirSync('/proc').find((p) => {
    if (!/^\d+$/.test(p)) return false
    try {
      const args = readFileSync(`/proc/${p}/cmdline`, 'utf8')
      return args.includes('network.mojom.NetworkService') && args.includes(`--user-data-dir=${profile}`)
    } catch {
      return false // it has ended
    }
  })
  if (!pid) throw new Error('this Chromium has no process for its network')
  return Number(pid)
}

export async function startBrowser(...more) {
  const executablePath = browsers.find((b) => b && existsSync(b))
  if (!executablePath) throw new Error('no Chromium: apt install chromium, or set CHROMIUM to one')
  const profile = mkdtempSync(join(tmpdir(), 'hotline-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', ...more],
    ignoreDefaultArgs: ['--mute-audio'],
    locale: 'zh-CN',
    viewport: { width: 1440, height: 900 },
  })
  return {
    context,
    /** Nothing goes in or out while it is off, and no socket is told, as when a cable is pulled. */
    network: (on) => { process.kill(networkOf(profile), on ? 'SIGCONT' : 'SIGSTOP') },
    stop: async () => {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

/** A page that fails the test when the browser complains: a script error, a refused file, a broken policy. */
export async function openPage(context, complaints) {
  const page = await context.newPage()
  page.on('pageerror', (e) => complaints.push(`error: ${e.message}`))
  page.on('console', (m) => {
    if (m.type() === 'error' && !/status of 40[1349]/.test(m.text())) complaints.push(`console: ${m.text()}`)
  })
  return page
}

/**
 * With SCREENS=1 pictures of a Chinese page as it stands, on a desktop and as small as a
 * phone: two for docs/screens, or, into SCREENS_DIR, in both languages and themes. Look at
 * them.
 */
export async function pictures(page, name) {
  if (process.env.SCREENS !== '1') return
  const dir = process.env.SCREENS_DIR ?? join(root, 'docs', 'screens')
  mkdirSync(dir, { recursive: true })
  const size = page.viewportSize()
  for (const [language, short] of [['English', 'en'], ['中文', 'zh']]) {
    await page.locator('button.tool').first().click()
    await page.waitForTimeout(500)
    await page.locator('.el-dropdown-menu__item:visible', { hasText: language }).click()
    await page.waitForTimeout(500)
    await page.evaluate(() => { document.activeElement?.blur() })
    for (const [kind, width, height] of [['desktop', size.width, size.height], ['phone', 390, 844]]) {
      await page.setViewportSize({ width, height })
      for (const theme of ['dark', 'light']) {
        if (!process.env.SCREENS_DIR && !['desktop-zh-light', 'phone-en-dark'].includes(`${kind}-${short}-${theme}`)) continue
        await page.evaluate((dark) => { document.documentElement.classList.toggle('dark', dark) }, theme === 'dark')
        await page.waitForTimeout(250)
        await page.screenshot({ path: join(dir, `${name}-${kind}-${short}-${theme}.png`) })
      }
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), `${name}: nothing sticks out on a ${kind}`)
    }
    await page.evaluate(() => { document.documentElement.classList.remove('dark') })
    await page.setViewportSize(size)
  }
}

export async function signIn(page, server, name = 'admin') {
  await page.goto(`${server.url}/login`)
  await page.locator('input[name=username]').fill(name)
  await page.locator('input[name=password]').fill(server.password)
  await page.locator('button[type=submit]').click()
  await page.waitForURL(`${server.url}/`)
}
