import type { KnowledgeText } from '../api/types'

/** The fields of a question in the order in which they are shown. */
export const fields = ['question', 'variants', 'answer', 'spoken', 'category', 'scene', 'topic', 'valid_from', 'valid_to', 'lines', 'skill', 'flow', 'follow_up', 'note'] as const
export type Field = (typeof fields)[number]

/** The catalogue's key of a field's name. */
export const fieldKey = (f: Field): string => ({ valid_from: 'validFrom', valid_to: 'validTo', follow_up: 'followUp' } as Partial<Record<Field, string>>)[f] ?? f

export interface Change {
  field: Field
  removed: string[]
  added: string[]
}

const list = (t: KnowledgeText, f: Field): string[] => {
  const v = t[f]
  return v === undefined || v === '' ? [] : Array.isArray(v) ? v : [v]
}

/** What became another from one text to the next. */
export function changes(from: KnowledgeText, to: KnowledgeText): Change[] {
  return fields.flatMap((field) => {
    const [before, after] = [list(from, field), list(to, field)]
    const change = { field, removed: before.filter((x) => !after.includes(x)), added: after.filter((x) => !before.includes(x)) }
    return change.removed.length + change.added.length > 0 ? [change] : []
  })
}

/** The text alone, without what is empty. */
export function textOf(t: KnowledgeText): KnowledgeText {
  const out: KnowledgeText = { question: t.question.trim() }
  for (const f of fields) {
    const v = t[f]
    if (f !== 'question' && v !== undefined && v.length > 0) Object.assign(out, { [f]: v })
  }
  return out
}
