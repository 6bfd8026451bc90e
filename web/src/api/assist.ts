import { address, request } from './client'
import type { CustomerDetail } from './work'
import type { Wish } from './types'

export interface Answer {
  id: string
  question: string
  short: string
  long: string
  score: number
}

export interface Task {
  flow: string
  title: string
  slots: { name: string; title: string; value?: string; missing?: boolean }[]
  next: 'ask' | 'lookup' | 'book' | 'ticket' | 'sms' | 'callback' | 'review' | 'transfer' | 'done' | 'open'
  text?: string
  found?: Record<string, string>[]
}

export interface Suggestion {
  call?: string
  turn: number
  heard?: string
  answers: Answer[]
  phrases: { kind: string; text: string }[]
  task?: Task
}

export interface Warning {
  call?: string
  turn: number
  at_ms: number
  speaker: 'caller' | 'agent'
  kind: 'sensitive' | 'promise' | 'anger' | 'complaint'
  detail?: string
  quote?: string
  score?: number
}

export interface DraftTicket {
  kind?: string
  summary: string
  fields?: Record<string, string>
}

export interface Draft {
  by: 'local' | 'model'
  summary: string
  wanted: string[]
  told: string[]
  open: string[]
  ticket?: DraftTicket
}

export interface WrapUpText {
  code?: string
  note: string
}

export interface WrapUp {
  draft?: Draft
  working?: WrapUpText
  saved?: WrapUpText
  how?: 'accepted' | 'edited' | 'alone'
  seconds?: number
}

export interface OpenWrapUp extends WrapUpText {
  call: string
  number: string
  started_at: string
  changed_at: string
}

export interface WrapUpTimes {
  count: number
  median_s: number
}

export interface WrapUpFigures {
  accepted: WrapUpTimes
  edited: WrapUpTimes
  alone: WrapUpTimes
  saved_s: number
}

const of = (call: string, what: string): string => address(`/calls/${encodeURIComponent(call)}/${what}`)

export const assist = {
  view: (call: string): Promise<{ suggestion?: Suggestion; warnings: Warning[] }> => request('GET', of(call, 'assist')),
  wrapUp: (call: string): Promise<WrapUp> => request('GET', of(call, 'wrap-up')),
  keep: (call: string, text: WrapUpText): Promise<void> => request('PUT', of(call, 'wrap-up/working'), text),
  open: (): Promise<{ items: OpenWrapUp[] }> => request('GET', address('/wrap-ups/open')),
  figures: (): Promise<WrapUpFigures> => request('GET', address('/wrap-ups/figures')),
  customer: (call: string): Promise<CustomerDetail> => request('GET', of(call, 'customer')),
  sms: (call: string, text: string): Promise<Wish> => request('POST', of(call, 'sms'), { text }),
}
