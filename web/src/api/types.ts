// What the API sends; see /api/v1/openapi.json.

export type Role = 'admin' | 'supervisor' | 'agent' | 'analyst'
export type Outcome = 'in_progress' | 'resolved' | 'unresolved' | 'transferred' | 'abandoned' | 'interrupted' | 'busy' | 'no_answer' | 'refused' | 'failed' | 'cancelled'

export interface Me {
  name: string
  display_name?: string
  role: Role
  totp: boolean // logins need a code of the authenticator as well
  agent?: string
  csrf?: string
}

export interface Quality {
  security?: 'plain' | 'sdes' | 'dtls'
  received: number
  sent: number
  lost: number
  late: number
  concealed: number
  jitter_ms: number
  loss_rate: number
  mos?: number
  far_mos?: number // as the far end's reports tell
  far_reports?: number
  far_loss_rate?: number
  far_jitter_ms?: number
  round_trip_ms?: number
}

/** The leg of somebody beside the caller. */
export interface LegMedia {
  name: string
  codec: string
  media: Quality
}

export interface Signalling {
  trunk?: string
  network?: string
  asserted?: string
  privacy?: string
  diversion?: string[]
  user_to_user?: string
}

export interface Candidate {
  id: string
  question: string
  score: number
  lexical?: number
  sound?: number
  meaning?: number
}

export interface Timing {
  endpoint_ms: number
  decode_ms: number
  queue_ms: number
  think_ms: number
  synthesize_ms: number
  play_ms: number
}

export interface Turn {
  call: string
  index: number
  speaker: 'caller' | 'bot' | 'agent'
  text: string
  start_ms: number
  end_ms: number
  response_ms?: number
  confidence?: number
  intent?: string
  source?: string
  knowledge_id?: string
  candidates?: Candidate[]
  timing?: Timing
  heard?: string
  emotion?: string
}

export interface Mark {
  ms: number
  kind: string
  data?: Record<string, unknown>
}

export interface Call {
  /** The server that has it, of a call in progress that another one has. */
  node?: string
  id: string
  line: string
  language: string
  direction: 'inbound' | 'outbound'
  state?: 'ringing' | 'talking' | 'held' | 'ended'
  caller: string
  called: string
  started_at: string
  answered_at?: string
  ended_at?: string
  duration_ms: number
  outcome: Outcome
  transfer_reason?: string
  agent?: string
  end_cause?: string
  error?: string
  recording?: string
  summary?: string
  codec?: string
  media: Quality
  agent_media?: LegMedia[]
  signalling?: Signalling
  sip_status?: number
  end_reason?: string
  answered_by?: AnsweredBy // of a call that was placed to find out
  last_turn?: Turn
  mood?: string // the caller's last known one, kept by the wall
}

// Who answered an outbound call; times are ms since the answer.
export interface AnsweredBy {
  who: 'person' | 'voicemail' | 'fax' | 'screening' | 'menu' | 'announcement' | 'busy' | 'no_answer' | 'failed' | 'silence'
  notice?: string
  early?: boolean
  at_ms: number
  after_ms?: number
  beep_ms?: number
  sip_status?: number
  cause?: number
  before?: AnsweredBy['who'][]
  evidence?: { ms: number; kind: string; what: string }[]
}

export interface Wish {
  id: string
  kind: 'callback' | 'message' | 'ticket' | 'sms' | 'review'
  call: string
  number: string
  when?: string
  at?: string
  tries?: number
  next?: string
  calling?: string
  trouble?: 'no_answer' | 'not_reached' | 'no_agent' | 'late' | 'not_allowed' | 'bad_number'
  summary: string
  reason?: string
  fields?: Record<string, string>
  recording?: string
  transcript?: { text: string; urgent?: string[] }
  transcript_state?: 'pending' | 'done' | 'failed'
  urgent?: boolean
  state: 'open' | 'done'
  created_at: string
  done_at?: string
  done_by?: string
}

export interface CallDetail extends Call {
  turns: Turn[]
  timeline: Mark[]
  wishes: Wish[]
  tickets: { id: string; serial: number; summary: string; state: 'open' | 'in_progress' | 'waiting' | 'done' | 'cancelled'; made_at: string }[]
}

export interface Page<T> {
  items: T[]
  next_cursor: string
}

export interface WishPage extends Page<Wish> {
  open: number
}

export interface Waveform {
  duration_ms: number
  caller: number[]
  bot: number[]
}

export interface DayFigures {
  calls: number
  outcomes: Partial<Record<Outcome, number>>
  hours: number[]
  turns: number
  response_p50_ms: number
  response_p95_ms: number
}

export interface Figures {
  today: DayFigures
  yesterday: DayFigures
  hours_yesterday: number[]
  live: number
  open_wishes: number
}

export type AgentState = 'offline' | 'ready' | 'ringing' | 'talking' | 'wrap_up' | 'break' | 'not_ready'

export interface Agent {
  /** The server where he works, where that is another one. */
  node?: string
  name: string
  display_name?: string
  skills: string[]
  state: AgentState
  reason?: string
  since: string
  until?: string
  team?: string
  calls?: string[]
  contacts: number
}

/** What an agent says became of a call. */
export interface Disposition {
  code: string
  title?: string
}

export interface Workplace {
  agent: Agent
  dispositions: Disposition[]
  skills: string[]
}

/** What is wanted with a call. */
export interface Command {
  do: 'hold' | 'unhold' | 'transfer' | 'consult' | 'complete' | 'cancel' | 'conference' | 'back_to_bot' | 'end'
  to_agent?: string
  to_skill?: string
  to_number?: string
  flow?: string
}

/** A caller who waits for a person. */
/** A server that shares the database. */
export interface Node {
  name: string
  here: boolean
  host?: string
  url?: string
  version?: string
  started_at?: string
  ready: boolean
  calls: number
}

export interface Waiting {
  /** The server that has him, where that is another one. */
  node?: string
  call: string
  line: string
  language: string
  skill: string
  kind?: string
  tier?: string
  asked: boolean
  urgent: boolean
  mood?: string
  risk?: number
  wants?: string
  since: string
  head_start_s: number
  position: number
  wait_s: number
  offered?: string
  declined: number
  max_wait_s: number
}

export interface Queue {
  items: Waiting[]
  longest_s: number
  wait_s: number
  ready: number
  serving: number
}

/** How the work is divided between bot and people. */
export interface Share {
  mode: 'auto' | 'usual' | 'more_bot' | 'more_people'
  level: 'usual' | 'more_bot' | 'more_people'
  since: string
  by?: string
}

/** How many callers of a line meet the bot. */
export interface Rollout {
  line: string
  scene?: string
  bot: number
  file: number
  since: string
  by?: string
  resolved: number
  measured: number
}

export interface Line {
  name: string
  title?: string
  numbers: string[]
  language: string
  open: boolean
  dial?: string
}

/** A line that anyone may call from a browser. */
export interface PublicLine {
  name: string
  title?: string
  number: string
  language: string
}

/** A carrier that calls come from and go out to. */
export interface Trunk {
  name: string
  kind: 'register' | 'static'
  state: 'up' | 'down' | 'resting'
  registered: boolean
  until?: string
  proxy: string
  last_error?: string
  since: string
  channels: number
  max_channels: number
  rtt_ms: number
  inbound: number
  outbound: number
  answered: number
  failed: number
  answer_ratio: number
  average_seconds: number
  today?: {
    minutes: number
    spent: number
    all_minutes: number
    max_minutes: number
    all_spent: number
    max_spend: number
    all_calls: number
    max_calls: number
  }
}

export interface Worker {
  name: string
  state: 'up' | 'starting' | 'down'
  since: string
  restarts: number
  detail?: string
}

export interface Model {
  id: string
  title?: string
  kind: string
  languages: string[]
  bytes: number
  licence?: string
  installed: boolean
  used: string[]
}

export interface Advice {
  code: string
  grave: boolean
  subject?: string
  text: string
  command?: string
}

export interface SystemState {
  version: string
  business?: string
  started_at: string
  ready: boolean
  reasons: string[]
  workers: Worker[]
  models: Model[]
  endpoints: string[]
  advice: Advice[]
}

/** What a question says and when it counts. */
export interface KnowledgeText {
  question: string
  variants?: string[]
  answer?: string
  spoken?: string
  category?: string
  scene?: string
  valid_from?: string
  valid_to?: string
  topic?: string
  skill?: string
  lines?: string[]
  follow_up?: string
  flow?: string
  note?: string
}

export type KnowledgeState = 'draft' | 'review' | 'published' | 'withdrawn'

export interface Knowledge extends KnowledgeText {
  id: string
  business: string
  state: KnowledgeState
  version: number
  author?: string
  at?: string
  remark?: string
  live: boolean
  unwritten: boolean
  conflict: boolean
  in_force?: KnowledgeText
  file_text?: KnowledgeText
  place: string
}

export interface KnowledgeProblem {
  severity: 'error' | 'warning'
  file?: string
  line?: number
  field?: string
  code: string
  en: string
  zh: string
}

export interface KnowledgeCheck {
  seconds: number
  problems: KnowledgeProblem[]
}

export interface KnowledgeFacets {
  businesses: string[]
  scenes: string[]
  categories: string[]
  lines: string[]
  skills: string[]
  flows: string[]
  states: Record<string, number>
}

export interface KnowledgePage extends Page<Knowledge> {
  total: number
  facets: KnowledgeFacets
}

export interface KnowledgeVersion {
  n: number
  state: 'file' | KnowledgeState
  author: string
  at?: string
  remark?: string
  text: KnowledgeText
}

export interface KnowledgeTried {
  line: string
  candidates: Candidate[]
  none: number
  answer?: string
}

export interface KnowledgeImport {
  done: boolean
  added: number
  changed: number
  unchanged: number
  duplicates: number
  rows: { line: number; kind: 'added' | 'changed' | 'duplicate'; id: string; text: KnowledgeText; before?: KnowledgeText }[]
  problems: KnowledgeProblem[]
  errors: number
}

export interface KnowledgeWritten {
  questions: number
  files: string[]
  conflicts: string[]
}

/** A wording that is proposed for a question. */
export interface Proposal {
  id: string
  pair: string
  question: string
  answer: string
  wording: string
  source: 'calls' | 'model'
  why: 'later' | 'person' | 'label' | 'score' | 'paraphrase'
  confidence: number
  said: number
  alike: number
  state: 'open' | 'approved' | 'refused'
  at: string
  decided_at?: string
  decided_by?: string
  put_pair?: string
  put?: string
}

export interface ProposalLook {
  looking: boolean
  at?: string
  turns: number
  found: number
  personal: number
  meaning: boolean
  failed?: string
  unanswered: { wording: string; examples?: string[]; count: number }[]
}

export interface ProposalPage extends Page<Proposal> {
  counts: Record<string, number>
  look: ProposalLook
  model: boolean
}

export interface ProposalDone {
  id: string
  state: Proposal['state']
  error?: string
  code?: 'stands' | 'personal' | 'words' | 'no_pair' | 'stale' | 'not_found' | 'other'
}

export interface FlowItem {
  business: string
  name: string
  title: string
  file: string
  steps: number
  errors: number
  warnings: number
  asked: { name: string; title: string; choices?: { value: string; said: string }[] }[]
}

export interface FlowNode {
  id: string
  kind: string
  text: string
  path?: string
}

export interface FlowGraph {
  name: string
  title: string
  nodes: FlowNode[]
  edges: { from: string; to: string; when?: string; label?: string }[]
}

export interface FlowView {
  business: string
  language: string
  name: string
  title: string
  file: string
  skill?: string
  examples: string[]
  problems: { severity: 'error' | 'warning'; file: string; line?: number; field?: string; message: string; cure: string; message_zh: string; cure_zh: string }[]
  graph: FlowGraph
}

/** What happens, as the page is told of it; what is not named here does not arrive. */
export const liveKinds = [
  'agent.state',
  'alert.changed', 'alert.raised',
  'assist.drafted', 'assist.suggested', 'assist.warned',
  'call.ended', 'call.event', 'call.replied', 'call.reviewed', 'call.started', 'call.turn', 'call.updated',
  'campaign.attempt', 'campaign.contact', 'campaign.settled', 'campaign.state', 'campaign.suppressed', 'campaign.waits',
  'flow.changed',
  'knowledge.changed',
  'proposals.changed',
  'queue.entered', 'queue.left', 'queue.offered',
  'review.added', 'review.changed',
  'rollout.changed',
  'share.changed',
  'speech.state',
  'ticket.added', 'ticket.changed',
  'trunk.state',
  'wish.added', 'wish.changed',
] as const

export interface LiveEvent<T = unknown> {
  kind: (typeof liveKinds)[number]
  at: string
  call?: string
  data?: T
}

export interface User {
  name: string
  display_name?: string
  role: Role
  disabled: boolean
  agent: string // whom the user is among the agents
  teams: string[] // that a supervisor has; none: all
  totp: boolean
  created_at: string
  password_at: string
}

export interface NewUser {
  name: string
  display_name?: string
  role: Role
  agent?: string
  teams?: string[]
}

export interface UserSession {
  id: string
  source: string
  program: string
  created_at: string
  seen_at: string
  expires_at: string
  current: boolean
}

export interface Token {
  id: string
  name: string
  role: Role
  scopes: string[]
  created_at: string
  expires_at?: string
  used_at?: string
}

export interface TrailEntry {
  seq: number
  at: string
  actor: string
  role?: Role
  action: string
  subject?: string
  detail?: Record<string, string>
}

export interface TrailPage {
  items: TrailEntry[]
  next_cursor: string
  actions: string[]
}

export interface TrailState {
  rows: number
  head: string
  broken_at: number
  broken?: string
}

export interface Attempt {
  at: string
  kind: string
  source?: string
  user?: string
  detail?: string
  count: number
}
