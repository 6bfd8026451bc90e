// SIP clients of others in a real Chromium, against the real signalling and media: what
// an agent's page or a shop's own page is built with.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { bundle, hears, patience, silence, startCaller, startTelephone, until } from './telephone.mjs'

let telephone
let browser
let page
let host

before(async () => {
  ;[telephone, browser] = await Promise.all([startTelephone(), startCaller(440)])
  host = new URL(telephone.url).host
  await browser.context.addInitScript(await bundle('jssip', 'JsSIP'))
  await browser.context.addInitScript(await bundle('sip.js', 'SIPjs'))
})

after(async () => {
  await browser?.stop()
  await telephone?.stop()
})

afterEach(async () => {
  await page?.close()
  page = undefined
})

/** A page of nobody's, from the same origin. */
async function open() {
  telephone.forget()
  page = await browser.context.newPage()
  page.setDefaultTimeout(patience)
  await page.goto(`${telephone.url}/healthz`)
  await page.setContent('<audio autoplay></audio>')
}

const heard440 = (more) => telephone.event({ event: 'heard', hz: (hz) => Math.abs(hz - 440) <= 10, level: (l) => l > -40, ...more })

test('SIP.js registers, calls, hears, holds, sends keys and hangs up', async () => {
  await open()
  await page.evaluate(async (to) => {
    const name = to.split(':')[0]
    const user = new window.SIPjs.Web.SimpleUser(`ws://${to}/sip`, {
      aor: `sip:agent1@${name}`,
      media: { constraints: { audio: true, video: false }, remote: { audio: document.querySelector('audio') } },
      userAgentOptions: {
        authorizationUsername: 'agent1', authorizationPassword: 'secret', logLevel: 'error',
        sessionDescriptionHandlerFactoryOptions: { iceGatheringTimeout: 500, peerConnectionConfiguration: { iceServers: [] } },
      },
      delegate: { onCallHangup: () => { window.over = true }, onCallHold: (held) => { window.held = held } },
    })
    window.user = user
    await user.connect()
    await user.register()
  }, host)
  await telephone.event({ event: 'agent', name: 'agent1', here: true })

  await page.evaluate((to) => window.user.call(`sip:8000@${to.split(':')[0]}`), host)
  const { from, network } = await telephone.event({ event: 'call', to: '8000' })
  assert.equal(from, 'agent1')
  assert.equal(network, 'ws')
  await hears(page, 1004)
  assert.equal((await heard440()).codec, 'opus')

  await page.evaluate(() => window.user.hold())
  await until(() => page.evaluate(() => window.held === true), 'the hold is agreed')
  await silence(page)
  await page.evaluate(() => window.user.unhold())
  await hears(page, 1004)
  telephone.forget()
  await heard440({ direction: 'sendrecv' })

  // By SIP INFO first, as it does unless told otherwise, then in the sound.
  await page.evaluate(() => window.user.sendDTMF('7'))
  await telephone.event({ event: 'info', key: '7' })
  await page.evaluate(() => {
    const { session } = window.user
    if (!session.sessionDescriptionHandler.sendDtmf('9')) throw new Error('no keys in the sound')
  })
  await telephone.event({ event: 'key', key: '9' })

  await page.evaluate(() => window.user.hangup())
  await telephone.event({ event: 'over', browsers: 0 })
  await until(() => page.evaluate(() => window.over === true), 'the page knows that it is over')
  telephone.forget()
  await page.evaluate(() => window.user.unregister())
  await telephone.event({ event: 'agent', name: 'agent1', here: false })
})

test('SIP.js is rung, answers, and is told when the caller leaves', async () => {
  await open()
  await page.evaluate(async (to) => {
    const user = new window.SIPjs.Web.SimpleUser(`ws://${to}/sip`, {
      aor: `sip:agent1@${to.split(':')[0]}`,
      media: { constraints: { audio: true, video: false }, remote: { audio: document.querySelector('audio') } },
      userAgentOptions: {
        authorizationUsername: 'agent1', authorizationPassword: 'secret', logLevel: 'error',
        sessionDescriptionHandlerFactoryOptions: { iceGatheringTimeout: 500, peerConnectionConfiguration: { iceServers: [] } },
      },
      delegate: { onCallReceived: () => { void user.answer() }, onCallHangup: () => { window.over = true } },
    })
    await user.connect()
    await user.register()
  }, host)
  await telephone.event({ event: 'agent', name: 'agent1', here: true })
  const other = await startCaller(620)
  try {
    const caller = await other.context.newPage()
    await caller.goto(`${telephone.url}/call`)
    await caller.locator('input[value="7000"]').check()
    await caller.locator('[data-do=call]:not([disabled])').click()
    await hears(page, 620)
    await hears(caller, 440)
    await caller.locator('[data-do=hangup]').click()
    await until(() => page.evaluate(() => window.over === true), 'the agent’s side ends')
    await telephone.event({ event: 'over', browsers: 0 })
  } finally {
    await other.stop()
  }
})

/** Calls 8000 by JsSIP with session timers (RFC 4028), which it has for 90 s. */
function callByJsSIP(settings) {
  return page.evaluate(([to, more]) => {
    const ua = new window.JsSIP.UA({
      sockets: [new window.JsSIP.WebSocketInterface(`ws://${to}/sip`)], uri: `sip:anonymous@${to.split(':')[0]}`, register: false, session_timers: true, ...more,
    })
    window.refreshed = []
    ua.on('connected', () => {
      const session = ua.call(`sip:8000@${to.split(':')[0]}`, { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } })
      window.session = session
      session.connection.addEventListener('track', (e) => { document.querySelector('audio').srcObject = e.streams[0] ?? new MediaStream([e.track]) })
      session.on('icecandidate', (e) => { e.ready() })
      session.on('accepted', ({ response }) => { window.agreed = response.getHeader('Session-Expires') })
      session.on('ended', (e) => { window.over = e.cause })
      session.on('update', () => { window.refreshed.push('theirs') })
      session.on('reinvite', () => { window.refreshed.push('theirs') })
      const send = session.sendRequest.bind(session)
      session.sendRequest = (m, options = {}) => send(m, {
        ...options, eventHandlers: {
          ...options.eventHandlers,
          onSuccessResponse: (r) => { window.refreshed.push(`${m} ${r.status_code} ${r.getHeader('Session-Expires')}`); options.eventHandlers?.onSuccessResponse?.(r) },
        },
      })
    })
    ua.start()
  }, [host, settings])
}

for (const method of ['UPDATE', 'INVITE']) {
  test(`JsSIP keeps its session alive by ${method}`, async () => {
    await open()
    await page.clock.install()
    await callByJsSIP({ session_timers_refresh_method: method, session_timers_force_refresher: true })
    await telephone.event({ event: 'call', to: '8000' })
    const agreed = () => page.evaluate(() => window.agreed)
    assert.equal(await until(async () => { await page.clock.runFor(100); return agreed() }, 'it is answered'), '90;refresher=uac')
    await hears(page, 1004)
    for (const round of [1, 2]) {
      await page.clock.runFor(46_000) // half the interval
      const done = await until(async () => { const r = await page.evaluate(() => window.refreshed); return r.length >= round && r }, `refresh ${round} is answered`)
      assert.equal(done[round - 1], `${method} 200 90;refresher=uac`)
      await hears(page, 1004)
      telephone.forget()
      await heard440({ direction: 'sendrecv' })
    }
    assert.equal(await page.evaluate(() => window.over), undefined)
    await page.evaluate(() => { window.session.terminate() })
    await telephone.event({ event: 'over', browsers: 0 })
  })
}

test('the server keeps a session of JsSIP’s alive beyond its interval', { skip: process.env.HOTLINE_E2E !== '1' && 'only with HOTLINE_E2E=1' }, async () => {
  await open()
  await callByJsSIP({})
  assert.equal(await until(() => page.evaluate(() => window.agreed), 'it is answered'), '90;refresher=uas')
  await hears(page, 1004)
  await until(() => page.evaluate(() => window.refreshed.filter((x) => x === 'theirs').length >= 2), 'the server refreshes twice', 120_000)
  await hears(page, 1004)
  telephone.forget()
  await heard440({ direction: 'sendrecv' })
  assert.equal(await page.evaluate(() => window.over), undefined)
  await page.evaluate(() => { window.session.terminate() })
  await telephone.event({ event: 'over', browsers: 0 })
})
