import type { PhoneAccess } from '../lib/deskphone'
import { address, request, type Query } from './client'
import type { Outcome } from './types'

export type Mode = 'listen' | 'whisper' | 'barge'

export interface Supervisors {
  items: { name: string; mode: Mode; since: string; taken: boolean }[]
  mine?: Mode | 'taken'
}

export type AlertKind = 'complaint_risk' | 'anger' | 'sensitive' | 'long_wait' | 'nobody_ready' | 'dead_air'

/** Something in a call, or in the queue, that a supervisor should look at now. */
export interface Alert {
  id: string
  kind: AlertKind
  call?: string
  line?: string
  agent?: string
  at_ms?: number
  grave: boolean
  why: { words?: string[]; said?: string; speaker?: string; category?: string; score?: number; seconds?: number; skill?: string; waiting?: number; serving?: number }
  raised_at: string
  over_at?: string
  seen_at?: string
  seen_by?: string
  acknowledged_at?: string
  acknowledged_by?: string
  /** The server whose it is, where that is another one. */
  node?: string
}

export type FindingState = 'good' | 'partly' | 'failed' | 'not_applicable' | 'open'

export interface SheetItem {
  id: string
  title: string
  help?: string
  points: number
  rule?: string
  knockout?: boolean
  limit_ns?: number
  times?: number
}

export interface Finding {
  item: string
  state: FindingState
  points: number
  at_ms?: number[]
  seconds?: number
  times?: number
  category?: string
  why?: string
}

export interface GivenMark {
  item: string
  points?: number
  comment?: string
}

export interface Assessment {
  id: string
  call: string
  subject: string
  line: string
  sheet: string
  source: 'sample' | 'picked'
  week: string
  state: 'open' | 'reviewed' | 'replied'
  found?: number
  score?: number
  passed?: boolean
  judged?: { sheet: { name: string; title: string; pass: number; items: SheetItem[] }; findings: Finding[] }
  review?: { marks: GivenMark[]; comment?: string }
  reply?: { agrees: boolean; text?: string }
  made_at: string
  reviewer?: string
  reviewed_at?: string
  replied_at?: string
  version: number
  started_at: string
  duration_ms: number
  outcome: Outcome
}

export interface AssessmentPage {
  items: Assessment[]
  next_cursor?: string
  subjects: { subject: string; calls: number; reviewed: number; found: number; score: number; passed: number }[]
  this_week: string
  last_week: string
}

const ofCall = (id: string, more: string): string => address(`/calls/${encodeURIComponent(id)}${more}`)
const ofReview = (id: string, more = ''): string => address(`/quality/${encodeURIComponent(id)}${more}`)

export const supervise = {
  there: (id: string): Promise<Supervisors> => request('GET', ofCall(id, '/supervision')),
  join: (id: string, mode: Mode, page: boolean): Promise<void> => request('POST', ofCall(id, '/join'), { mode, page }),
  change: (id: string, mode: Mode | 'take_over'): Promise<void> => request('PUT', ofCall(id, '/supervision'), { mode }),
  leave: (id: string): Promise<void> => request('DELETE', ofCall(id, '/supervision')),
  phone: (): Promise<PhoneAccess> => request('POST', address('/supervision/phone')),
  alerts: (): Promise<{ items: Alert[]; open: number }> => request('GET', address('/alerts')),
  mark: (id: string, state: 'seen' | 'acknowledged'): Promise<Alert> => request('PUT', address(`/alerts/${encodeURIComponent(id)}`), { state }),
  assessments: (query: Query, signal?: AbortSignal): Promise<AssessmentPage> => request('GET', address('/quality', query), undefined, signal),
  assessment: (id: string, signal?: AbortSignal): Promise<Assessment> => request('GET', ofReview(id), undefined, signal),
  pick: (call: string): Promise<Assessment> => request('POST', address('/quality'), { call }),
  draw: (week: string): Promise<{ drawn: number }> => request('POST', address('/quality/sample'), { week }),
  review: (id: string, version: number, marks: GivenMark[], comment: string): Promise<Assessment> => request('PUT', ofReview(id, '/review'), { version, marks, comment }),
  reply: (id: string, version: number, agrees: boolean, text: string): Promise<Assessment> => request('PUT', ofReview(id, '/reply'), { version, agrees, text }),
}
