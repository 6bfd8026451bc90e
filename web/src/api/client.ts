import type { Rules, RulesChecked, RulesShown } from './rules'
import type { PhoneAccess } from '../lib/deskphone'
import type { Agent, Attempt, Call, CallDetail, Command, Figures, FlowItem, Knowledge, KnowledgeCheck, KnowledgeImport, KnowledgePage, KnowledgeText, KnowledgeTried, KnowledgeVersion, KnowledgeWritten, Line, Me, NewUser, Node, Page, ProposalDone, ProposalLook, ProposalPage, PublicLine, Queue, Role, Rollout, Share, SystemState, Token, TrailPage, TrailState, Trunk, User, UserSession, Waveform, Wish, WishPage, Workplace } from './types'

/** A problem (RFC 9457) that the server answered with, or that it could not be reached (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfter = 0,
  ) {
    super(message)
  }
}

let csrf = ''
let onLoginNeeded: () => void = () => undefined

/** Calls f when a request finds that nobody is signed in any more. */
export function whenLoginIsNeeded(f: () => void): void {
  onLoginNeeded = f
}

const base = '/api/v1'

export type Query = Record<string, string | number | undefined>

export function address(path: string, query: Query = {}): string {
  const q = new URLSearchParams()
  for (const [k, v] of Object.entries(query)) {
    if (v !== undefined && v !== '') q.set(k, String(v))
  }
  const text = q.toString()
  return base + path + (text === '' ? '' : `?${text}`)
}

/** Sends a request; what is not well is an ApiError. */
export async function send(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  const form = body instanceof FormData // the browser names its boundary
  if (body !== undefined && !form) headers['Content-Type'] = body instanceof Blob ? 'application/octet-stream' : 'application/json'
  if (method !== 'GET') headers['X-CSRF-Token'] = csrf
  const init: RequestInit = { method, headers, credentials: 'same-origin' }
  if (body !== undefined) init.body = body instanceof Blob || form ? body : JSON.stringify(body)
  if (signal) init.signal = signal
  let response: Response
  try {
    response = await fetch(url, init)
  } catch (e) {
    if (signal?.aborted === true) throw e
    throw new ApiError(0, 'unreachable', 'the server cannot be reached')
  }
  if (response.ok) return response
  let code = 'internal'
  let detail = response.statusText
  try {
    const p = (await response.json()) as { code?: string; detail?: string }
    code = p.code ?? code
    detail = p.detail ?? detail
  } catch {
    // a proxy's page, not ours
  }
  if (code === 'login_needed') onLoginNeeded()
  throw new ApiError(response.status, code, detail, Number(response.headers.get('Retry-After') ?? 0))
}

export async function request<T>(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(method, url, body, signal)
  return (response.status === 204 ? undefined : await response.json()) as T
}

const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> => request<T>('GET', address(path, query), undefined, signal)

async function signedIn(me: Promise<Me>): Promise<Me> {
  const m = await me
  csrf = m.csrf ?? ''
  return m
}

export const api = {
  rules: (business: string, signal?: AbortSignal): Promise<RulesShown> => get('/rules', { business }, signal),
  checkRules: (business: string, rules: Rules, signal?: AbortSignal): Promise<RulesChecked> => request('POST', address('/rules/check', { business }), { rules }, signal),
  saveRules: (business: string, stamp: string, rules: Rules): Promise<RulesShown> => request('PUT', address('/rules', { business }), { stamp, rules }),
  undoRules: (business: string, version: number): Promise<RulesShown> => request('POST', address('/rules/undo', { business }), { version }),
  me: (): Promise<Me> => signedIn(get<Me>('/session')),
  login: (name: string, password: string, code = ''): Promise<Me> =>
    signedIn(request<Me>('POST', address('/session'), code === '' ? { name, password } : { name, password, code })),
  logout: (): Promise<void> => request<undefined>('DELETE', address('/session')),
  calls: (query: Query, signal?: AbortSignal): Promise<Page<Call>> => get('/calls', query, signal),
  call: (id: string, signal?: AbortSignal): Promise<CallDetail> => get(`/calls/${encodeURIComponent(id)}`, {}, signal),
  waveform: (id: string, points: number, signal?: AbortSignal): Promise<Waveform> =>
    get(`/calls/${encodeURIComponent(id)}/waveform`, { points }, signal),
  recording: (id: string): string => address(`/calls/${encodeURIComponent(id)}/recording`),
  exportCalls: (query: Query): string => address('/calls.csv', query),
  hangup: (id: string): Promise<void> => request<undefined>('POST', address(`/calls/${encodeURIComponent(id)}/hangup`)),
  wishes: (query: Query, signal?: AbortSignal): Promise<WishPage> => get('/wishes', query, signal),
  setWish: (id: string, state: Wish['state']): Promise<Wish> => request('PATCH', address(`/wishes/${encodeURIComponent(id)}`), { state }),
  moveCallback: (id: string, at: Date): Promise<Wish> => request('PATCH', address(`/wishes/${encodeURIComponent(id)}`), { at: at.toISOString() }),
  figures: (since: Date): Promise<Figures> => get('/figures', { since: since.toISOString() }),
  agents: (): Promise<Page<Agent>> => get('/agents'),
  desk: (): Promise<Workplace> => get('/desk'),
  deskPhone: (): Promise<PhoneAccess> => request('POST', address('/desk/phone')),
  newPhonePassword: (name: string): Promise<{ agent: string; password: string }> => request('POST', address(`/agents/${encodeURIComponent(name)}/phone-password`)),
  setAgentState: (name: string, state: string, reason: string): Promise<void> =>
    request('PUT', address(`/agents/${encodeURIComponent(name)}/state`), reason === '' ? { state } : { state, reason }),
  command: (id: string, c: Command): Promise<void> => request('POST', address(`/calls/${encodeURIComponent(id)}/command`), c),
  wrapUp: (id: string, code: string, note: string, seconds: number): Promise<void> => request<undefined>('PUT', address(`/calls/${encodeURIComponent(id)}/wrap-up`), { code, note, seconds }),
  queue: (): Promise<Queue> => get('/queue'),
  nodes: (): Promise<{ items: Node[] }> => get('/nodes'),
  share: (): Promise<Share> => get('/share'),
  setShare: (mode: Share['mode']): Promise<Share> => request('PUT', address('/share'), { mode }),
  rollout: (): Promise<{ items: Rollout[] }> => get('/rollout'),
  setRollout: (line: string, scene: string, bot: number): Promise<{ items: Rollout[] }> =>
    request('PUT', address(`/rollout/${encodeURIComponent(line)}`, scene === '' ? {} : { scene }), { bot }),
  lines: (): Promise<Page<Line>> => get('/lines'),
  flows: (signal?: AbortSignal): Promise<Page<FlowItem>> => get('/flows', {}, signal),
  publicLines: (): Promise<Page<PublicLine>> => get('/public/lines'),
  trunks: (): Promise<Page<Trunk>> => get('/trunks'),
  knowledge: (query: Query, signal?: AbortSignal): Promise<KnowledgePage> => get('/knowledge', query, signal),
  question: (id: string, business: string, signal?: AbortSignal): Promise<Knowledge & KnowledgeCheck> =>
    get(`/knowledge/${encodeURIComponent(id)}`, { business }, signal),
  addQuestion: (business: string, text: KnowledgeText & { id?: string }): Promise<Knowledge> => request('POST', address('/knowledge', { business }), text),
  changeQuestion: (id: string, business: string, text: KnowledgeText & { version: number; remark?: string }): Promise<Knowledge> =>
    request('PATCH', address(`/knowledge/${encodeURIComponent(id)}`, { business }), text),
  moveQuestion: (id: string, business: string, move: string, body: { version: number; remark?: string; over?: boolean; restore?: number; publish?: boolean; take?: 'file' | 'console' }): Promise<Knowledge> =>
    request('POST', address(`/knowledge/${encodeURIComponent(id)}/${move}`, { business }), body),
  questionVersions: (id: string, business: string): Promise<{ items: KnowledgeVersion[] }> => get(`/knowledge/${encodeURIComponent(id)}/versions`, { business }),
  checkQuestion: (business: string, text: KnowledgeText & { id?: string }, signal?: AbortSignal): Promise<KnowledgeCheck> =>
    request('POST', address('/knowledge/check', { business }), text, signal),
  tryQuestion: (business: string, body: { text: string; line?: string; n?: number }, signal?: AbortSignal): Promise<KnowledgeTried> =>
    request('POST', address('/knowledge/search', { business }), body, signal),
  importKnowledge: (business: string, file: File, dry: boolean, publish: boolean): Promise<KnowledgeImport> =>
    request('POST', address('/knowledge/import', { business, name: file.name, dry_run: String(dry), publish: String(publish) }), file),
  exportKnowledge: (business: string, format: string): string => address('/knowledge/export', { business, format }),
  writeKnowledge: (business: string): Promise<KnowledgeWritten> => request('POST', address('/knowledge/write', { business })),
  proposals: (query: Query, signal?: AbortSignal): Promise<ProposalPage> => get('/knowledge/proposals', query, signal),
  lookForProposals: (business: string): Promise<ProposalLook> => request('POST', address('/knowledge/proposals/look', { business })),
  approveProposals: (business: string, items: { id: string; pair?: string; wording?: string }[]): Promise<{ items: ProposalDone[] }> =>
    request('POST', address('/knowledge/proposals/approve', { business }), { items }),
  decideProposals: (business: string, how: 'refuse' | 'undo', ids: string[]): Promise<{ items: ProposalDone[] }> =>
    request('POST', address(`/knowledge/proposals/${how}`, { business }), { ids }),
  paraphrase: (business: string, pair: string): Promise<{ added: number }> => request('POST', address('/knowledge/proposals/paraphrase', { business }), { pair }),
  system: (): Promise<SystemState> => get('/system'),
  users: (signal?: AbortSignal): Promise<{ items: User[]; teams: string[] }> => get('/users', {}, signal),
  addUser: (user: NewUser): Promise<User & { password?: string }> => request('POST', address('/users'), user),
  changeUser: (name: string, change: Partial<Pick<User, 'display_name' | 'role' | 'disabled' | 'agent' | 'teams'>>): Promise<User> =>
    request('PATCH', address(`/users/${encodeURIComponent(name)}`), change),
  resetPassword: (name: string): Promise<User & { password?: string }> => request('POST', address(`/users/${encodeURIComponent(name)}/password`), {}),
  endTOTP: (name: string): Promise<void> => request('DELETE', address(`/users/${encodeURIComponent(name)}/totp`)),
  userSessions: (name: string): Promise<{ items: UserSession[] }> => get(`/users/${encodeURIComponent(name)}/sessions`),
  endUserSession: (name: string, id: string): Promise<void> => request('DELETE', address(`/users/${encodeURIComponent(name)}/sessions/${id}`)),
  tokens: (signal?: AbortSignal): Promise<{ items: Token[]; scopes: string[] }> => get('/tokens', {}, signal),
  addToken: (token: { name: string; role: Role; scopes: string[]; days: number }): Promise<Token & { token: string }> => request('POST', address('/tokens'), token),
  revokeToken: (id: string): Promise<void> => request('DELETE', address(`/tokens/${id}`)),
  changePassword: (old: string, password: string): Promise<Me> => signedIn(request<Me>('POST', address('/account/password'), { old, new: password })),
  mySessions: (signal?: AbortSignal): Promise<{ items: UserSession[] }> => get('/account/sessions', {}, signal),
  endMySession: (id: string): Promise<void> => request('DELETE', address(`/account/sessions/${id}`)),
  endMyOtherSessions: (): Promise<void> => request('DELETE', address('/account/sessions')),
  beginTOTP: (password: string): Promise<{ secret: string; uri: string; picture: string }> => request('POST', address('/account/totp'), { password }),
  confirmTOTP: (code: string): Promise<{ recovery_codes: string[] }> => request('PUT', address('/account/totp'), { code }),
  endMyTOTP: (password: string): Promise<void> => request('POST', address('/account/totp/end'), { password }),
  trail: (query: Query, signal?: AbortSignal): Promise<TrailPage> => get('/audit/trail', query, signal),
  checkTrail: (signal?: AbortSignal): Promise<TrailState> => get('/audit/check', {}, signal),
  attempts: (query: Query, signal?: AbortSignal): Promise<{ items: Attempt[] }> => get('/audit', query, signal),
}
