// The editor of a task's file: YAML with marks of what is wrong, and completion by the
// file's schema. It stands in a shadow root, where styles may be put in without a style
// element in the page, which the page's policy refuses.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint'
import { EditorState } from '@codemirror/state'
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { completionsAt, type Schema } from './flowschema'

export interface Mark { line: number; severity: 'error' | 'warning'; message: string }

export interface Code {
  set: (text: string) => void
  mark: (marks: Mark[]) => void
  go: (line: number) => void
  destroy: () => void
}

const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'var(--surface)', fontSize: '13px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono CJK SC", monospace', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--text)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--text-3)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--hover) 70%, transparent)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'color-mix(in srgb, var(--brand) 25%, transparent)' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', color: 'var(--text)', border: '1px solid var(--line-strong)', borderRadius: '6px', boxShadow: 'var(--shadow)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--brand-soft)', color: 'var(--text)' },
  '.cm-completionDetail': { color: 'var(--text-3)', fontStyle: 'normal' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--danger)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--danger)', textUnderlineOffset: '3px' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--warn)', textUnderlineOffset: '3px' },
  '.cm-gutter-lint': { width: '12px' },
  '.cm-gutter-lint .cm-gutterElement': { padding: '0' },
  '.cm-lint-marker': { width: '8px', height: '8px', margin: '6px 2px', borderRadius: '4px', content: '""' },
  '.cm-lint-marker-error': { content: '""', backgroundColor: 'var(--danger)' },
  '.cm-lint-marker-warning': { content: '""', backgroundColor: 'var(--warn)' },
})

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--brand)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--text-3)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--caller)' },
  { tag: [tags.punctuation, tags.separator, tags.bracket], color: 'var(--text-2)' },
])

function complete(schema: () => Schema | undefined): (c: CompletionContext) => CompletionResult | null {
  return (c) => {
    const known = schema()
    if (!known) return null
    const text = c.state.doc.sliceString(0, c.pos)
    const found = completionsAt(known, text)
    if (!found || found.options.length === 0 || (!c.explicit && found.typed === '')) return null
    return { from: c.pos - found.typed.length, options: found.options.map((o): Completion => ({ ...o, type: 'property' })), validFor: /^[\w-]*$/ }
  }
}

/** Puts an editor into host. */
export function openCode(host: HTMLElement, text: string, label: string, schema: () => Schema | undefined, on: { change: (text: string) => void; line: (n: number) => void; save: () => void }): Code {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  const parent = document.createElement('div')
  parent.style.height = '100%'
  root.replaceChildren(parent)
  let setting = false
  let at = 0
  const view = new EditorView({
    parent,
    root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), lintGutter(), highlightActiveLineGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(),
        yaml(), syntaxHighlighting(colours), autocompletion({ override: [complete(schema)] }), EditorView.lineWrapping, look,
        EditorView.contentAttributes.of({ 'aria-label': label }),
        keymap.of([
          { key: 'Mod-s', run: () => { on.save(); return true }, preventDefault: true },
          ...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab,
        ]),
        EditorView.updateListener.of((u) => {
          if (u.docChanged && !setting) on.change(u.state.doc.toString())
          const n = u.state.doc.lineAt(u.state.selection.main.head).number
          if (u.selectionSet && n !== at) {
            at = n
            on.line(n)
          }
        }),
      ],
    }),
  })
  return {
    set: (next) => {
      const now = view.state.doc.toString()
      if (next === now) return
      // Only what differs, so that the cursor stays where it was.
      let from = 0
      while (from < now.length && from < next.length && now[from] === next[from]) from++
      let end = 0
      while (end < now.length - from && end < next.length - from && now[now.length - 1 - end] === next[next.length - 1 - end]) end++
      setting = true
      view.dispatch({ changes: { from, to: now.length - end, insert: next.slice(from, next.length - end) } })
      setting = false
    },
    mark: (marks) => {
      const doc = view.state.doc
      view.dispatch(setDiagnostics(view.state, marks.map((m): Diagnostic => {
        const l = doc.line(Math.min(Math.max(1, m.line), doc.lines))
        return { from: l.from + (/^\s*/.exec(l.text)?.[0].length ?? 0), to: l.to, severity: m.severity, message: m.message }
      })))
    },
    go: (n) => {
      const l = view.state.doc.line(Math.min(Math.max(1, n), view.state.doc.lines))
      at = n
      view.dispatch({ selection: { anchor: l.from }, effects: EditorView.scrollIntoView(l.from, { y: 'center' }) })
    },
    destroy: () => { view.destroy() },
  }
}
