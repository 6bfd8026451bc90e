import { address, request, send } from './client'

export type CampaignState = 'draft' | 'running' | 'paused' | 'stopped' | 'done'
export type ContactState = 'waiting' | 'dialling' | 'reached' | 'exhausted' | 'suppressed' | 'invalid' | 'withdrawn'
export type Purpose = 'service' | 'reminder' | 'survey' | 'marketing'
export interface Variant { name: string; weight: number; greeting: string; task?: string; voicemail?: string; sms?: string; abandoned?: string }
export interface Span { From: number; To: number }
export interface Goal { name: string; slot?: string; value?: string; transferred?: boolean; score?: number }
export interface Campaign {
  id: string
  name: string
  state: CampaignState
  line: string
  trunk?: string
  from?: string
  from_name?: string
  purpose: Purpose
  mode: 'agentless' | 'preview' | 'progressive' | 'predictive'
  skill?: string
  variants: Variant[]
  windows: { days: (Span[] | null)[]; holidays?: unknown[]; zone?: string }
  start?: string
  end?: string
  priority: number
  concurrency: number
  per_second: number
  order: 'listed' | 'newest' | 'ranked'
  attempts: number
  caps: { per_day: number; per_week: number; per_campaign: number }
  goals?: Goal[]
  opt_out?: string
  cost_per_goal?: number
  open?: boolean
  created_at: string
  created_by: string
  version: number
}
/** A campaign that a business's folder brings along; `wrong` is why it cannot be made. */
export interface CampaignFile { file: string; business: string; about?: string; campaign: Campaign; wrong?: string; made: boolean }
/** Why a campaign that runs calls nobody now. */
export interface Hold { why: string; detail?: string; since: string; until?: string }
export interface Waits extends Hold { reasons?: Record<string, number>; servers?: (Hold & { node: string })[] }
export interface CampaignItem extends Campaign { contacts: Partial<Record<ContactState, number>> | null; waits?: Waits }
export interface CampaignStatus { campaign: Campaign; counts: { states: Partial<Record<ContactState, number>>; outcomes: Record<string, number> }; refused: Record<string, number>; waits?: Waits }
/** What no campaign can loosen: the server's settings, which its engineer changes. */
export interface Bounds {
  hours: string[]
  per_day: number
  per_week: number
  consent: Purpose[]
  national: Purpose[]
  per_minute: number
  calls_per_day: number
  calls: number
  trunks: { name: string; channels: number; per_second: number }[]
  settings: { name: string; unit: 'text' | 'flag' | 'most' | 'count' | 'purposes' | 'seconds'; value: string }[]
}
export interface Rate { share: number; low: number; high: number }
export interface Contrast { name: string; rate: Rate; asked: number; difference: number; range: { low: number; high: number }; decision: 'not_yet' | 'better' | 'no_difference'; more: number }
export interface Results {
  counts: { contacts: number; waiting: number; fresh: number; dialling: number; called: number; reached: number; goals: number; refused: number; withheld: number; attempts: number; answered: number; by_outcome?: Record<string, number>; seconds: number; cost: number; persons: number; abandoned: number }
  funnel: { name: 'contacts' | 'called' | 'answered' | 'person' | 'goal'; count: number; share: number }[]
  costs: { per_minute: number; per_attempt: number; per_goal: number; human: number; saved: number }
  abandoned: number
  per_minute: number
  estimate: { at?: string; attempts: number; late: boolean }
  kinds: Record<string, number>
  refused: Record<string, number>
  hours: { hour: number; attempts: number; persons: number; goals: number; rate: Rate; known: boolean }[]
  trunks: { trunk: string; attempts: number; minutes: number; cost: number; per_minute: number }[]
  arms: { name: string; asked: number; met: number }[]
  comparison?: { best: string; rate: Rate; asked: number; against: Contrast[]; decision: 'not_yet' | 'better' | 'no_difference'; too_early: boolean; planned: number }
}
export interface Contact { id: number; campaign: string; number: string; name?: string; zone?: string; fields?: Record<string, string>; variant?: string; state: ContactState; reason?: string; due?: string; made: number; added_at: string; callback?: boolean }
export interface Forecast { at: string; contacts: number; now: number; over: number; seen: number; next?: string; refused: { refusal: string; count: number; final: boolean; next?: string; samples: { contact: Contact; ground: string; next?: string }[] }[] | null }
export interface MadeCall { id: number; call: string; variant: string; number: number; claimed_at: string; settled_at?: string; outcome?: string; kind?: string; seconds?: number; goal?: string; slots?: Record<string, string>; refused?: boolean; callback?: string; person?: string; ground: string }
export interface ContactHistory {
  contact: Contact
  attempts: MadeCall[] | null
  refusals: { day: string; reason: string; ground: string; last_at: string; times: number }[] | null
  consents: { purpose: Purpose; given: boolean; at: string; how: string; by: string; file?: string }[] | null
  lists: { list: string; at: string; how: string }[] | null
}
/** Whom an agent may call next where agents look first. */
export interface NextContact { campaign: string; title: string; opening?: string; history: ContactHistory }
export interface Mapping { header: boolean; number: number; name: number; zone: number; rank: number; agent: number; fields?: Record<string, string> }
export interface Preview { format: { kind?: string }; header: string[]; rows: string[][]; mapping: Mapping }
export interface ImportReport { rows: number; added: number; bad: number; reasons?: Record<string, number>; bad_rows?: string; cut?: boolean }
export interface Suppression { number: string; list: 'own' | 'national'; purpose?: Purpose; at: string; until?: string; how: string; call?: string }

const one = (id: string): string => `/campaigns/${encodeURIComponent(id)}`

/** Sends a file as a form: the server reads it as it comes. */
async function upload<T>(url: string, file: File): Promise<T> {
  const form = new FormData()
  form.append('file', file)
  return (await send('POST', url, form)).json() as Promise<T>
}

export const campaignsApi = {
  list: (signal?: AbortSignal): Promise<{ items: CampaignItem[] }> => request('GET', address('/campaigns'), undefined, signal),
  files: (signal?: AbortSignal): Promise<{ items: CampaignFile[] }> => request('GET', address('/campaign-files'), undefined, signal),
  get: (id: string, signal?: AbortSignal): Promise<CampaignStatus> => request('GET', address(one(id)), undefined, signal),
  bounds: (): Promise<Bounds> => request('GET', address('/campaign-bounds')),
  create: (c: Partial<Campaign>): Promise<Campaign> => request('POST', address('/campaigns'), c),
  change: (c: Campaign): Promise<Campaign> => request('PUT', address(one(c.id)), c),
  set: (id: string, what: 'start' | 'pause' | 'resume' | 'stop', hangUp = false): Promise<Campaign> => request('POST', address(`${one(id)}/${what}`), { hang_up: hangUp }),
  results: (id: string, signal?: AbortSignal): Promise<Results> => request('GET', address(`${one(id)}/results`), undefined, signal),
  forecast: (id: string, at: Date | undefined, signal?: AbortSignal): Promise<Forecast> => request('GET', address(`${one(id)}/forecast`, { at: at?.toISOString() }), undefined, signal),
  contacts: (id: string, q: { state?: string; number?: string; after?: number }, signal?: AbortSignal): Promise<{ items: Contact[]; next?: number }> => request('GET', address(`${one(id)}/contacts`, q), undefined, signal),
  exported: (format: 'csv' | 'xlsx', id: string, q: { state?: string; number?: string }): string => address(`${one(id)}/contacts.${format}`, q),
  contact: (id: number): Promise<ContactHistory> => request('GET', address(`/contacts/${String(id)}`)),
  dial: (id: number): Promise<void> => request('POST', address(`/contacts/${String(id)}/dial`)),
  next: async (): Promise<NextContact | undefined> => (await request<{ next?: NextContact }>('GET', address('/desk/contact'))).next,
  skip: (id: number, minutes: number, reason: string): Promise<void> => request('POST', address(`/contacts/${String(id)}/skip`), { minutes, reason }),
  withdraw: (id: number): Promise<void> => request('DELETE', address(`/contacts/${String(id)}`)),
  look: (file: File): Promise<Preview> => request('POST', address('/campaigns/contacts/look'), /\.xlsx$/i.test(file.name) ? file : file.slice(0, 1 << 20)),
  import: (id: string, file: File, mapping: Mapping, language: string): Promise<ImportReport> => upload(address(`${one(id)}/contacts/import`, { mapping: JSON.stringify(mapping), language }), file),
  suppressions: (q: { list?: string; number?: string; before?: string }, signal?: AbortSignal): Promise<{ items: Suppression[]; counts: Record<string, number> | null }> => request('GET', address('/suppressions', q), undefined, signal),
  suppress: (number: string): Promise<void> => request('POST', address('/suppressions'), { number }),
  unsuppress: (s: Suppression, reason: string): Promise<void> => request('DELETE', address('/suppressions', { number: s.number, list: s.list, purpose: s.purpose, reason })),
  importList: (list: string, file: File, language: string): Promise<ImportReport> => request('POST', address('/suppressions/import', { list, language }), file),
}

