// The program as it is shipped, with its models, over a copy of the demo businesses: for
// tests of what is said and understood. They take minutes and want the models, so
// `make e2e` runs them and `make test` does not.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { root } from './stage.mjs'
import { until, wav } from './telephone.mjs'

export const binary = process.env.HOTLINE_BINARY ?? join(root, 'bin', 'hotline')
export const shared = process.env.HOTLINE_SHARED ?? join(dirname(root), 'shared')
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'hotline')
const models = process.env.HOTLINE_MODELS?.split(delimiter) ?? [join(cache, 'models'), join(shared, 'models')]

/** The place of a model, whether it is there or not. */
export const model = (id) => models.map((m) => join(m, id)).find((m) => existsSync(m)) ?? join(models[0], id)

/** Why a test that wants these files is left out; false when it is not. In CI they must be there. */
export function leftOut(...files) {
  if (process.env.HOTLINE_E2E !== '1') return 'only with HOTLINE_E2E=1'
  const missing = files.filter((f) => !existsSync(f))
  if (missing.length > 0 && process.env.CI === 'true') throw new Error(`missing: ${missing.join(', ')}`)
  return missing.length > 0 && `MISSING-DATA: ${missing.join(', ')}`
}

const freePort = () => new Promise((resolve) => {
  const s = createServer().listen(0, '127.0.0.1', () => {
    const { port } = s.address()
    s.close(() => { resolve(port) })
  })
})

/** A section of the top level of business.yaml, with all that is indented below it. */
const section = (name) => new RegExp(`^${name}:.*\\n((?:[ \\t#].*)?\\n)*`, 'm')

/**
 * Starts `hotline serve` with both demo shops, 8000 and 8001. People are there around the
 * clock; with voices, { zh: …, en: … }, the shops speak by them.
 */
export async function startProgram(voices) {
  const dir = mkdtempSync(join(tmpdir(), 'hotline-e2e-'))
  for (const shop of ['retail-zh', 'retail-en']) {
    cpSync(join(root, 'examples', shop), join(dir, shop), { recursive: true })
    const file = join(dir, shop, 'business.yaml')
    let text = readFileSync(file, 'utf8').replace(section('hours'), '')
    if (voices) {
      const named = Object.entries(voices).map(([language, name]) => `  ${language}: ${name}\n`).join('')
      text = text.replace(section('voices'), `voices:\n${named}`).replace(/^(\s+rate:) .*$/gm, '$1 1')
    }
    writeFileSync(file, text)
  }
  const [sip, web] = await Promise.all([freePort(), freePort()])
  const url = `http://127.0.0.1:${web}`
  const token = 'e2e-token'
  const low = 21000 + 2 * Math.floor(Math.random() * 1500)
  const log = openSync(join(dir, 'server.log'), 'w')
  const words = () => readFileSync(join(dir, 'server.log'), 'utf8')
  const server = spawn(binary, ['serve', '--business', join(dir, 'retail-zh')], {
    cwd: root, stdio: ['ignore', log, log],
    env: {
      ...process.env, HOTLINE_SIP_LISTEN: `127.0.0.1:${sip}`, HOTLINE_HTTP_LISTEN: `127.0.0.1:${web}`, HOTLINE_DATA_DIR: join(dir, 'data'),
      HOTLINE_MODELS: models.join(delimiter), HOTLINE_RTP_LOW: String(low), HOTLINE_RTP_HIGH: String(low + 99), HOTLINE_API_TOKEN: token,
      HOTLINE_DEMO_PASSWORD: 'e2e-password-1', HOTLINE_OVERLOAD_LATE: '1s', // a machine that tests is busy with other tests
    },
  })
  const exited = new Promise((resolve) => { server.on('exit', resolve) })
  const stop = async () => {
    server.kill('SIGTERM')
    await exited
    if (process.env.DEBUG) console.log(words())
    rmSync(dir, { recursive: true, force: true })
  }

  /** Asks the API; its answer has to be a good one. */
  async function api(path, method = 'GET', body = undefined) {
    const r = await fetch(`${url}/api/v1${path}`, {
      method, headers: { 'Authorization': `Bearer ${token}`, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body),
    })
    assert.ok(r.ok, `${method} ${path}: ${r.status}`)
    return r
  }

  /** Asks the program's own speech worker. */
  const worker = (path, method = 'GET', headers = {}, body = undefined) => new Promise((resolve, reject) => {
    const r = request({ socketPath: join(dir, 'data', 'speech.sock'), path, method, headers }, async (answer) => {
      let text = ''
      for await (const part of answer) text += part
      if (answer.statusCode === 200) resolve(JSON.parse(text))
      else reject(new Error(`the speech worker: ${answer.statusCode} ${text}`))
    })
    r.on('error', reject)
    r.end(body)
  })

  /** Waits for the voices: before, that of last resort may speak, whom no recogniser understands. */
  const speaking = () => until(() => worker('/healthz').then((h) => h.status === 'complete', () => false), 'the voices are loaded', 120_000)

  /** What the worker makes of sound at 16 kHz. */
  async function recognise(sound, language) {
    const form = new FormData()
    for (const [k, v] of Object.entries({ language, response_format: 'json', temperature: '0' })) form.set(k, v)
    form.set('file', new Blob([wav(sound, 16000)]), 'speech.wav')
    const body = new Response(form)
    const { text } = await worker('/v1/audio/transcriptions', 'POST', { 'Content-Type': body.headers.get('Content-Type') }, Buffer.from(await body.arrayBuffer()))
    return text
  }

  try {
    await until(async () => {
      if (server.exitCode !== null) throw new Error(`the server ended: ${words().slice(-2000)}`)
      return (await fetch(`${url}/readyz`).catch(() => undefined))?.ok
    }, 'the server takes calls', 90_000)
  } catch (e) {
    await stop()
    throw e
  }
  return { url, api, recognise, speaking, stop }
}

/** The samples of a WAV of one channel and 16 bits, and their rate. */
export function samples(file) {
  const b = readFileSync(file)
  const at = b.indexOf('data') + 8
  return { rate: b.readUInt32LE(24), sound: Array.from({ length: (b.length - at) >> 1 }, (_, i) => b.readInt16LE(at + 2 * i)) }
}

/** A file with text as a voice says it; made once and kept in the user's cache, where internal/e2e keeps its own. */
export function voice(text, name) {
  const dir = join(cache, 'e2e')
  mkdirSync(dir, { recursive: true })
  const id = createHash('sha256').update(`${name}\0${text}`).digest('hex').slice(0, 24)
  const file = join(dir, `${id}.wav`)
  if (!existsSync(file)) {
    const made = join(dir, `${process.pid}-${id}.wav`)
    const data = mkdtempSync(join(tmpdir(), 'hotline-say-'))
    execFileSync(binary, ['say', text, '--voice', name, '--language', /[\u2e80-\uffff]/.test(text) ? 'zh' : 'en', '--out', made], {
      env: { ...process.env, HOTLINE_MODELS: models.join(delimiter), HOTLINE_DATA_DIR: data },
    })
    renameSync(made, file)
    rmSync(data, { recursive: true, force: true })
  }
  return file
}
