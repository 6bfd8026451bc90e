import { address, request, send } from './client'

export type Kind = 'recordings' | 'transcripts' | 'calls' | 'tickets' | 'audit'
export interface Kept { kind: Kind; days: number; overdue: number; soon: number; last?: string; deleted: number; left: number }
export interface Listener { actor: string; recordings: number; calls: number; numbers: number; exports: number; listened: string[] | null }
export interface PrivacyReport {
  at: string
  unmasked: { file: string; what: 'messages' | 'attempts' | 'log' | 'export' | 'named' | 'other'; kinds: Record<string, number>; line: number }[]
  overrun: { kind: Kind; days: number; count: number }[]
  plain_recordings: number
  listeners: Listener[]
  key: { id: string; made: string; days: number; due: boolean }
  hash_key: { number: number; made: string; days: number; due: boolean }
  rotating: boolean
  audit_trail: { rows: number; head: string; broken?: string }
}
export interface CallerRows { rows: Record<string, number>; recordings: number }

export const privacyApi = {
  kept: (signal?: AbortSignal): Promise<{ items: Kept[]; key_days: number }> => request('GET', address('/privacy/kept'), undefined, signal),
  report: (signal?: AbortSignal): Promise<PrivacyReport> => request('GET', address('/privacy/report'), undefined, signal),
  caller: (number: string): Promise<CallerRows> => request('POST', address('/privacy/caller'), { number }),
  export: async (number: string): Promise<Blob> => (await send('POST', address('/privacy/caller/export'), { number })).blob(),
  erase: (number: string, again: string): Promise<CallerRows> => request('POST', address('/privacy/caller/erase'), { number, again }),
}
