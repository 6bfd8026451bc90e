import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { en } from './en'
import { preferred } from './index'
import { zh } from './zh-CN'

function flat(o: object, path = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [k, v] of Object.entries(o)) {
    const key = path === '' ? k : `${path}.${k}`
    if (typeof v === 'string') all.set(key, v)
    else for (const [kk, vv] of flat(v as object, key)) all.set(kk, vv)
  }
  return all
}

const holes = (s: string): string[] => [...new Set([...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? ''))].sort()

describe('the catalogues', () => {
  const chinese = flat(zh)
  const english = flat(en)

  test('say the same things', () => {
    expect([...english.keys()]).toEqual([...chinese.keys()])
    for (const [k, v] of chinese) expect(holes(english.get(k) ?? ''), k).toEqual(holes(v))
  })

  test('have every text that the sources ask for', () => {
    const src = fileURLToPath(new URL('..', import.meta.url))
    for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(vue|ts)$/.test(file) || file.endsWith('.test.ts')) continue
      for (const m of readFileSync(`${src}/${file}`, 'utf8').matchAll(/\bt\(\s*'([\w.]+)'|keypath="([\w.]+)"/g)) {
        const key = m[1] ?? m[2] ?? ''
        expect(chinese.has(key), `${file}: ${key}`).toBe(true)
      }
    }
  })

  test('name every operation that the audit trail tells of', () => {
    const web = fileURLToPath(new URL('../../../internal/web', import.meta.url))
    const sources = readdirSync(web).filter((f) => f.endsWith('.go') && !f.endsWith('_test.go')).map((f) => readFileSync(`${web}/${f}`, 'utf8')).join('')
    const reads = new Set([...sources.matchAll(/operation\(http\.MethodGet, [^,]+, "([\w-]+)"/g)].map((m) => m[1]))
    const rules = [...readFileSync(`${web}/access.go`, 'utf8').matchAll(/^\t\t"([\w-]+)":\s+\{\w+, "[\w-]*", (\w+)\}/gm)]
    const told = rules.filter(([, id, when]) => when === 'always' || (when === 'changes' && !reads.has(id))).map((m) => m[1] ?? '')
    expect(told.length).toBeGreaterThan(80)
    for (const id of told) expect(chinese.has(`audit.actions.${id}`), id).toBe(true)
  })

  test('have no Chinese in English', () => {
    for (const [k, v] of english) expect(/\p{Script=Han}/u.test(v), `${k}: ${v}`).toBe(false)
  })

  test('the reader’s choice comes before the browser’s', () => {
    expect(preferred('en', ['zh-CN'])).toBe('en')
    expect(preferred(null, ['zh-TW', 'en'])).toBe('zh-CN')
    expect(preferred(null, ['de', 'en-GB'])).toBe('en')
    expect(preferred('klingon', ['fr'])).toBe('en')
  })
})
