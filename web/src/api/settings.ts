import { address, request } from './client'
import type { RuleProblem, RuleVersion } from './rules'

/** What each form of settings shows of its file; see internal/rules. */
export interface SettingsPage {
  business: string
  name: string
  businesses: string[]
  file: string
  stamp: string
  problems: RuleProblem[]
  versions: RuleVersion[]
}

export const judges = ['', 'greeting', 'disclosure', 'forbidden', 'dead_air', 'overtalk', 'resolution', 'says'] as const
export interface SheetRow { id: string; title: string; help?: string; points: number; rule?: string; knockout?: boolean; phrases: string[]; words: string[]; limit_s?: number; times?: number }
export interface SheetRule { name: string; title: string; for: string[]; lines: string[]; pass: number; items: SheetRow[] }
export interface SheetRules { per_agent: number; bot: number; least_s: number; sheets: SheetRule[] }
export interface SheetPage extends SettingsPage { sheets: SheetRules; own: boolean; lines: string[] }

export const callerPolicies = ['pass', 'calm', 'warn', 'transfer', 'end', 'safety', 'crisis'] as const
export interface WordSubject { name: string; own: number; shipped: number; caller?: string; bot?: string }
export interface WordPage extends SettingsPage { subject: string; subjects: WordSubject[]; entries: string[]; shipped: string[] }

export const settingsApi = {
  sheets: (business: string, signal?: AbortSignal): Promise<SheetPage> => request('GET', address('/sheets', { business }), undefined, signal),
  saveSheets: (business: string, stamp: string, sheets: SheetRules): Promise<SheetPage> => request('PUT', address('/sheets', { business }), { stamp, sheets }),
  undoSheets: (business: string, version: number): Promise<SheetPage> => request('POST', address('/sheets/undo', { business }), { version }),
  words: (business: string, subject: string, signal?: AbortSignal): Promise<WordPage> => request('GET', address('/words', { business, subject }), undefined, signal),
  saveWords: (business: string, subject: string, stamp: string, entries: string[]): Promise<WordPage> => request('PUT', address('/words', { business, subject }), { stamp, entries }),
  undoWords: (business: string, subject: string, version: number): Promise<WordPage> => request('POST', address('/words/undo', { business, subject }), { version }),
}
