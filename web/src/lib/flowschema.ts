// What can be written at a place of a task's file, by its JSON Schema.

export interface Schema {
  $ref?: string
  $defs?: Record<string, Schema>
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  enum?: unknown[]
  type?: string | string[]
  description?: string
}

export interface Option { label: string; detail?: string; apply?: string }

const keyLine = /^(\s*(?:- +)*)("?)([\p{L}\p{N}_-]+)\2\s*:(\s|$)/u

/** The keys that lead to where the text ends, and whether a value is being written. */
export function placeOf(text: string): { keys: string[]; value: string; typed: string } {
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  const typed = /[\w-]*$/.exec(last)?.[0] ?? ''
  const before = last.slice(0, last.length - typed.length)
  const keys: string[] = []
  let column = /^\s*(?:- +)*/.exec(last)?.[0].length ?? 0
  let value = ''
  const own = keyLine.exec(last)
  if (own) {
    // Within braces of the same line one is in what they belong to.
    const open = [...before.matchAll(/([\p{L}\p{N}_]+)\s*:\s*\{[^{}]*$/gu)].pop()
    const inner = /([\p{L}\p{N}_]+)\s*:\s*(?:\[[^\]]*)?["']?$/u.exec(before)
    if (open) keys.push(open[1] ?? '')
    if (inner) value = inner[1] ?? ''
    const key = own[3] ?? ''
    if (!open && !inner && before.length > own[0].length) return { keys: [], value: key, typed: '' }
    if (open && open[1] !== key) keys.push(key)
    column = own[1]?.length ?? 0
  }
  for (const l of lines.reverse()) {
    const m = keyLine.exec(l)
    if (!m || (m[1]?.length ?? 0) >= column) continue
    column = m[1]?.length ?? 0
    keys.push(m[3] ?? '')
    if (column === 0) break
    // A step's own key is no parent of the steps beside it.
    const dash = /^\s*/.exec(l)?.[0].length ?? 0
    if (dash < column) column = dash + 1
  }
  return { keys: keys.reverse(), value, typed }
}

function resolved(schema: Schema, s: Schema | undefined): Schema[] {
  if (!s) return []
  const ref = s.$ref?.split('/').pop()
  const own = ref === undefined ? s : schema.$defs?.[ref]
  if (!own) return []
  return [own, ...[...(own.anyOf ?? []), ...(own.oneOf ?? [])].flatMap((x) => resolved(schema, x))]
}

function below(schema: Schema, all: Schema[], key: string): Schema[] {
  return all.flatMap((s) => {
    const next = s.properties?.[key] ?? (typeof s.additionalProperties === 'object' ? s.additionalProperties : undefined)
    return resolved(schema, next).flatMap((n) => [n, ...resolved(schema, n.items)])
  })
}

/** What may follow the text, with what of it is typed already. */
export function completionsAt(schema: Schema, text: string): { typed: string; options: Option[] } | undefined {
  const line = text.slice(text.lastIndexOf('\n') + 1)
  if (/(^|\s)#/.test(line)) return undefined
  const at = placeOf(text)
  let here = resolved(schema, schema)
  for (const k of at.keys) here = below(schema, here, k)
  if (at.value !== '') {
    const options = below(schema, here, at.value).flatMap((s) => s.enum ?? []).filter((v) => typeof v === 'string' && v !== '')
    return { typed: at.typed, options: [...new Set(options)].map((v) => ({ label: String(v) })) }
  }
  const options = new Map<string, Option>()
  for (const s of here) {
    for (const [key, p] of Object.entries(s.properties ?? {})) {
      const detail = p.description ?? resolved(schema, p)[0]?.description
      options.set(key, { label: key, apply: `${key}: `, ...(detail === undefined ? {} : { detail }) })
    }
  }
  return { typed: at.typed, options: [...options.values()] }
}
