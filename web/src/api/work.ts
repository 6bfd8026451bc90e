import { address, request, type Query } from './client'
import type { Suppression } from './campaigns'
import type { Call, Mark, Page, Turn, Wish } from './types'

export const ticketStates = ['open', 'in_progress', 'waiting', 'done', 'cancelled'] as const
export type TicketState = (typeof ticketStates)[number]

export interface Ticket {
  id: string
  serial: number
  kind: string
  state: TicketState
  priority: number
  owner?: string
  team?: string
  source: 'bot' | 'agent' | 'api'
  made_by?: string
  call?: string
  number?: string
  summary: string
  fields?: Record<string, string>
  made_at: string
  changed_at: string
  due_at?: string
  escalated?: number
  closed_at?: string
  version: number
}

export interface Note {
  seq: number
  at: string
  actor: string
  kind: string
  text?: string
  changes?: Record<string, [string, string]>
}

export interface TicketFile {
  id: string
  name: string
  type: string
  size: number
  at: string
  actor: string
}

export interface TicketDetail extends Ticket {
  history: Note[]
  files: TicketFile[]
}

export interface TicketPage extends Page<Ticket> {
  open: number
  late: number
}

export interface TicketType {
  name: string
  title?: string
  fields: { name: string; title?: string; required?: boolean }[]
  priority: number
  team?: string
  due_s?: number
}

export interface TicketTypes {
  items: TicketType[]
  agents: string[]
  teams: string[]
}

export type TicketChange = Partial<Pick<Ticket, 'kind' | 'state' | 'priority' | 'owner' | 'team' | 'summary' | 'fields' | 'due_at'>> & { version: number; comment?: string }

export interface Decision {
  amount?: string
  text?: string
  reason?: string
  by: 'sms' | 'callback' | 'none'
}

export interface Review {
  id: string
  kind: string
  state: 'open' | 'approved' | 'refused'
  call?: string
  number?: string
  summary: string
  amount?: string
  fields?: Record<string, string>
  made_at: string
  decision?: Decision
  decided_at?: string
  decided_by?: string
  send_at?: string
  sent_at?: string
  version: number
}

export interface ReviewDetail extends Review {
  turns: Turn[]
  timeline: Mark[]
  history: Note[]
}

export interface ReviewPage extends Page<Review> {
  counts: Partial<Record<Review['state'], number>>
  may_decide: boolean
  words: { approved?: string; refused?: string }
}

export interface Consent {
  purpose: string
  given: boolean
  how: string
  at: string
  by?: string
}

export interface Customer {
  id: string
  numbers: string[]
  name?: string
  tier?: '' | 'vip'
  language?: string
  tags: string[]
  notes?: string
  consents: Consent[]
  made_at: string
  seen_at: string
  version: number
}

export interface CustomerDetail extends Customer {
  calls: Call[]
  tickets: Ticket[]
  wishes: Wish[]
  tables: Record<string, Record<string, string>[]>
  do_not_call: Suppression[]
}

export type CustomerChange = Partial<Pick<Customer, 'name' | 'tier' | 'language' | 'tags' | 'notes'>> & { version: number; consent?: Pick<Consent, 'purpose' | 'given' | 'how'> }

const one = (area: string, id: string, more = '', query: Query = {}): string => address(`/${area}/${encodeURIComponent(id)}${more}`, query)

export const work = {
  tickets: (query: Query, signal?: AbortSignal): Promise<TicketPage> => request('GET', address('/tickets', query), undefined, signal),
  ticketTypes: (): Promise<TicketTypes> => request('GET', address('/ticket-types')),
  exportTickets: (format: 'csv' | 'xlsx', query: Query): string => address(`/tickets.${format}`, query),
  ticket: (id: string, signal?: AbortSignal): Promise<TicketDetail> => request('GET', one('tickets', id), undefined, signal),
  addTicket: (t: { kind: string; summary: string; fields?: Record<string, string>; number?: string; call?: string; owner?: string; team?: string }): Promise<Ticket> =>
    request('POST', address('/tickets'), t),
  changeTicket: (id: string, change: TicketChange): Promise<TicketDetail> => request('PATCH', one('tickets', id), change),
  commentTicket: (id: string, text: string): Promise<TicketDetail> => request('POST', one('tickets', id, '/comments'), { text }),
  attachFile: (id: string, file: File): Promise<TicketFile> => request('POST', one('tickets', id, '/files', { name: file.name }), file),
  file: (id: string, file: string): string => one('tickets', id, `/files/${encodeURIComponent(file)}`),
  reviews: (query: Query, signal?: AbortSignal): Promise<ReviewPage> => request('GET', address('/reviews', query), undefined, signal),
  review: (id: string): Promise<ReviewDetail> => request('GET', one('reviews', id)),
  decide: (id: string, how: 'approve' | 'refuse', decision: Decision & { version: number }): Promise<Review> => request('POST', one('reviews', id, `/${how}`), decision),
  undoReview: (id: string): Promise<Review> => request('POST', one('reviews', id, '/undo')),
  customers: (query: Query, signal?: AbortSignal): Promise<Page<Customer>> => request('GET', address('/customers', query), undefined, signal),
  customer: (id: string, signal?: AbortSignal): Promise<CustomerDetail> => request('GET', one('customers', id), undefined, signal),
  customerNumbers: (id: string): Promise<{ numbers: string[] }> => request('GET', one('customers', id, '/numbers')),
  changeCustomer: (id: string, change: CustomerChange): Promise<CustomerDetail> => request('PATCH', one('customers', id), change),
  /** Says that a customer is called by no campaign again; in which call he asked for it. */
  doNotCall: (id: string, call: string): Promise<CustomerDetail> => request('POST', one('customers', id, '/do-not-call'), call === '' ? {} : { call }),
  mayCall: (id: string, reason: string): Promise<CustomerDetail> => request('DELETE', one('customers', id, '/do-not-call', { reason })),
  mergeCustomers: (id: string, from: string): Promise<CustomerDetail> => request('POST', one('customers', id, '/merge'), { from }),
  partCustomer: (id: string, number: string): Promise<CustomerDetail> => request('POST', one('customers', id, '/part'), { number }),
}
