// The page /call in a real Chromium with a fake microphone, against the real signalling
// and media.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { openPage } from './stage.mjs'
import { bundle, hears, patience, silence, startCaller, startTelephone, until } from './telephone.mjs'

let telephone
let browser
let page
const complaints = []

before(async () => {
  ;[telephone, browser] = await Promise.all([startTelephone(), startCaller(440, '', ['--host-resolver-rules=MAP strange.example 127.0.0.1', '--ignore-certificate-errors'])])
})

after(async () => {
  await browser?.stop()
  await telephone?.stop()
})

afterEach(async () => {
  await page?.close()
  page = undefined
})

async function open(url = telephone.url) {
  telephone.forget()
  page = await openPage(browser.context, complaints)
  page.setDefaultTimeout(patience)
  await page.goto(`${url}/call`)
  await page.locator('[data-do=call]:not([disabled])').waitFor()
  return page
}

const press = (name) => page.locator(`[data-do=${name}]`).click()
const says = (text) => page.locator('.status', { hasText: text }).waitFor()
const choose = (number) => page.locator(`input[value="${number}"]`).check()

async function call(number) {
  await open()
  if (number) await choose(number)
  await press('call')
  await says('通话中')
}

test('both hear each other, keys and mute arrive, and the server hangs up', async () => {
  await call()
  const { from, network } = await telephone.event({ event: 'call', to: '8000' })
  assert.equal(from, 'anonymous')
  assert.equal(network, 'ws')
  await hears(page, 1004)
  const heard = await telephone.event({ event: 'heard', hz: (hz) => Math.abs(hz - 440) <= 10, level: (l) => l > -40 })
  assert.equal(heard.codec, 'opus')
  assert.match(await page.locator('.time').textContent(), /^00:\d\d$/)
  await until(async () => Number(await page.locator('.you [role=meter]').getAttribute('aria-valuenow')) > 20, 'my level shows')
  await until(async () => Number(await page.locator('.bot [role=meter]').getAttribute('aria-valuenow')) > 20, 'the far level shows')

  await press('keypad')
  await page.locator('[data-key="5"]').click()
  await telephone.event({ event: 'key', key: '5' })
  await page.keyboard.press('#')
  await telephone.event({ event: 'key', key: '#' })
  assert.equal(await page.locator('.pressed').textContent(), '5#')

  await press('mute')
  telephone.forget()
  await telephone.event({ event: 'heard', level: (l) => l < -60 })
  await press('mute')
  await telephone.event({ event: 'heard', hz: (hz) => Math.abs(hz - 440) <= 10 })

  telephone.hangup()
  await says('通话已结束')
  await telephone.event({ event: 'over', browsers: 0 })
  assert.equal(await page.locator('.trouble').count(), 0)
})

test('the page hangs up, and calls again in English', async () => {
  await call()
  await hears(page, 1004)
  await press('hangup')
  await says('通话已结束')
  await telephone.event({ event: 'over', browsers: 0 })
  await page.getByRole('button', { name: 'English' }).click()
  await page.getByRole('button', { name: 'Call again' }).click()
  await says('In the call')
  await hears(page, 700)
  // A browser that cannot send keys in the sound sends them as messages.
  await page.evaluate(() => { Object.defineProperty(RTCDTMFSender.prototype, 'canInsertDTMF', { get: () => false }) })
  await page.keyboard.press('9')
  await telephone.event({ event: 'info', key: '9' })
  await page.getByRole('button', { name: 'Hang up' }).click()
  await says('The call is over')
  await page.getByRole('button', { name: '中文' }).click()
})

test('hold and resume', async () => {
  await call()
  await hears(page, 1004)
  await press('hold')
  await says('您已暂停通话')
  await silence(page)
  await press('hold')
  await says('通话中')
  await hears(page, 1004)
  telephone.forget()
  await telephone.event({ event: 'heard', hz: (hz) => Math.abs(hz - 440) <= 10, direction: 'sendrecv' })
  await press('hangup')
  await telephone.event({ event: 'over', browsers: 0 })
})

test('loading the page again ends the call', async () => {
  await call()
  await hears(page, 1004)
  await page.reload()
  await telephone.event({ event: 'over', browsers: 0 })
})

test('a page that is closed ends the call', async () => {
  await call()
  await hears(page, 1004)
  await page.close()
  await telephone.event({ event: 'over', browsers: 0 })
})

test('a lost WebSocket does not end the call, and the hang-up comes by the next one', async () => {
  await call()
  await hears(page, 1004)
  await page.evaluate(() => { window.sockets[0].close() })
  await page.locator('.banner').waitFor()
  await hears(page, 1004)
  await page.locator('.banner').waitFor({ state: 'detached' })
  assert.equal(await page.evaluate(() => window.sockets.length), 2)
  await hears(page, 1004)
  assert.equal(telephone.seen({ event: 'over' }), undefined)
  telephone.hangup()
  await says('通话已结束')
  assert.equal(await page.locator('.trouble').count(), 0)
  await telephone.event({ event: 'over', browsers: 0 })
})

test('without the WebSocket the end of the sound is the end', async () => {
  await call()
  await hears(page, 1004)
  await page.evaluate(() => {
    window.WebSocket = function cut() { throw new Error('cut') }
    window.sockets[0].close()
  })
  await page.locator('.banner').waitFor()
  telephone.hangup()
  await page.locator('.trouble', { hasText: '网络断了' }).waitFor()
  await says('通话已结束')
  await telephone.event({ event: 'over', browsers: 0 })
})

test('what goes wrong is said in words', async () => {
  await open()
  for (const [number, words] of [['4860', '对方正忙'], ['4040', '没有人接听']]) {
    await choose(number)
    await press('call')
    await page.locator('.trouble', { hasText: words }).waitFor()
    await page.locator('[data-do=call]').waitFor()
  }
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))
  })
  await press('call')
  await page.locator('.trouble', { hasText: '许可' }).waitFor()
  await page.close()
  await open(telephone.url.replace('127.0.0.1', 'strange.example'))
  await press('call')
  await page.locator('.trouble', { hasText: 'https' }).waitFor()
})

test('from another machine it is https and wss', async () => {
  const encrypted = await startTelephone('-tls')
  try {
    page = await openPage(browser.context, complaints)
    page.setDefaultTimeout(patience)
    await page.goto(`${encrypted.url.replace('127.0.0.1', 'strange.example')}/call`)
    await page.locator('[data-do=call]:not([disabled])').click()
    await says('通话中')
    assert.equal((await encrypted.event({ event: 'call', to: '8000' })).network, 'wss')
    await hears(page, 1004)
    await press('hangup')
    await encrypted.event({ event: 'over', browsers: 0 })
  } finally {
    await encrypted.stop()
  }
})

test('an agent at a browser takes a call from a browser', async () => {
  const desk = await startCaller(620)
  try {
    await desk.context.addInitScript(await bundle('jssip', 'JsSIP'))
    const agent = await desk.context.newPage()
    await agent.goto(`${telephone.url}/healthz`)
    await agent.setContent('<audio autoplay></audio>')
    telephone.forget()
    await agent.evaluate((host) => {
      const ua = new window.JsSIP.UA({
        sockets: [new window.JsSIP.WebSocketInterface(`ws://${host}/sip`)], uri: `sip:agent1@${host.split(':')[0]}`, password: 'secret',
        instance_id: '8f1fa16a-1165-4a96-8341-785b1ef24f12',
      })
      ua.on('newRTCSession', ({ session }) => {
        window.session = session
        session.on('peerconnection', ({ peerconnection }) => {
          peerconnection.addEventListener('track', (e) => { document.querySelector('audio').srcObject = e.streams[0] ?? new MediaStream([e.track]) })
        })
        session.on('ended', () => { window.over = true })
        setTimeout(() => { session.answer({ mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } }) }, 300)
      })
      ua.start()
      window.ua = ua
    }, new URL(telephone.url).host)
    await telephone.event({ event: 'agent', name: 'agent1', here: true })

    await call('7000')
    await hears(page, 620)
    await hears(agent, 440)
    // The agent holds and resumes: the call was begun by the server.
    await agent.evaluate(() => { window.session.hold() })
    await silence(agent)
    await agent.evaluate(() => { window.session.unhold() })
    await hears(agent, 440)
    await hears(page, 620)
    await press('hangup')
    await until(() => agent.evaluate(() => window.over === true), 'the agent’s side ends')
    await telephone.event({ event: 'over', browsers: 0 })
  } finally {
    await desk.stop()
  }
})

test('a browser that is killed counts as gone after its time of grace', { skip: process.env.HOTLINE_E2E !== '1' && 'only with HOTLINE_E2E=1' }, async () => {
  const other = await startCaller(440)
  try {
    telephone.forget()
    const victim = await other.context.newPage()
    await victim.goto(`${telephone.url}/call`)
    await victim.locator('[data-do=call]:not([disabled])').click()
    await hears(victim, 1004)
    const cdp = await other.context.newCDPSession(victim)
    cdp.send('Browser.crash').catch(() => undefined) // nobody is left to answer
    const { cause } = await until(() => telephone.seen({ event: 'cause' }), 'the call ends', 40_000)
    assert.match(cause, /can no longer be reached/)
    await telephone.event({ event: 'over', browsers: 0 })
  } finally {
    await other.stop().catch(() => undefined)
  }
})

test('the browser had nothing to complain of', () => {
  // Cut sockets and refusals are what is tested.
  assert.deepEqual(complaints.filter((c) => !/WebSocket|JsSIP|Cross-Origin-Opener-Policy header has been ignored/.test(c)), [])
})
