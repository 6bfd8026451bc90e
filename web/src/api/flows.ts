import { ApiError, address, request } from './client'
import type { FlowItem, FlowView } from './types'

export interface FlowDeleted { business: string; name: string; title: string; file: string; author: string; at: string; n: number }
export interface FlowList { items: FlowItem[]; deleted: FlowDeleted[]; editable: boolean }
export type FlowProblem = FlowView['problems'][number]
export interface FlowDocument extends FlowView { text: string; digest: string; on: string[]; lines: Record<string, number> }
export interface FlowChecked extends FlowView { broken: FlowProblem[]; lines: Record<string, number> }
export interface FlowVersion { n: number; state: 'file' | 'saved' | 'deleted'; text: string; author?: string; note?: string; at: string }
export interface FlowTurn { say?: string; keys?: string; silence?: boolean }
export type FlowActKind = 'transfer' | 'callback' | 'ticket' | 'sms' | 'review' | 'message' | 'rating' | 'hangup' | 'asked' | 'unasked'
export interface FlowTurnTried {
  caller: string
  said: string[]
  acts: { kind: FlowActKind; text: string }[]
  flow?: string
  step?: string
  slots: { name: string; title: string; value: string }[]
  source?: string
  knowledge_id?: string
  question?: string
  confidence?: number
  ended: boolean
}
export interface FlowTried { line: string; at: string; turns: FlowTurnTried[] }
export interface FlowDialog { name: string; file: string; line: number; passed: boolean; before: boolean; turns?: { caller: string; said: string; failures?: string[] }[] }
export interface FlowDialogs { passed: number; failed: number; broken: number; items: FlowDialog[] }
export type FlowTemplate = 'note' | 'lookup' | 'person'

const at = (name: string, more: string, business: string): string => address(`/flows/${encodeURIComponent(name)}${more}`, { business })

export const flowsApi = {
  list: (signal?: AbortSignal): Promise<FlowList> => request('GET', address('/flows'), undefined, signal),
  open: (name: string, business: string, signal?: AbortSignal): Promise<FlowDocument> => request('GET', at(name, '', business), undefined, signal),
  schema: (): Promise<Record<string, unknown>> => request('GET', address('/flow-schema')),
  create: (business: string, body: { name: string; title: string; template: FlowTemplate }): Promise<FlowDocument> => request('POST', address('/flows', { business }), body),
  save: (name: string, business: string, body: { text: string; digest: string; note?: string }): Promise<FlowDocument> => request('PUT', at(name, '', business), body),
  remove: (name: string, business: string, digest: string): Promise<FlowDeleted> => request('DELETE', address(`/flows/${encodeURIComponent(name)}`, { business, digest })),
  restore: (name: string, business: string, body: { n: number; digest?: string; note?: string }): Promise<FlowDocument> => request('POST', at(name, '/restore', business), body),
  versions: (name: string, business: string, signal?: AbortSignal): Promise<{ items: FlowVersion[]; text: string; digest: string }> =>
    request('GET', at(name, '/versions', business), undefined, signal),
  check: (name: string, business: string, text: string, signal?: AbortSignal): Promise<FlowChecked> => request('POST', at(name, '/check', business), { text }, signal),
  try: (name: string, business: string, body: { text: string; line?: string; at?: string; turns: FlowTurn[] }, signal?: AbortSignal): Promise<FlowTried> =>
    request('POST', at(name, '/try', business), body, signal),
  dialogs: (name: string, business: string, text: string, signal?: AbortSignal): Promise<FlowDialogs> => request('POST', at(name, '/dialogs', business), { text }, signal),
}

/** Does f; what the server answers goes to wrong, anything else on. */
export async function attempted(f: () => Promise<void>, wrong: (e: ApiError) => void): Promise<void> {
  try {
    await f()
  } catch (e) {
    if (!(e instanceof ApiError)) throw e
    wrong(e)
  }
}
