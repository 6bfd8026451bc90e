import { address, request } from './client'
import type { RulesChecked } from './rules'
import type { SettingsPage } from './settings'

/** A carrier as a form holds it; see internal/carrier. */
export interface TrunkForm {
  was?: string
  name: string
  as_settings?: boolean
  kind: 'register' | 'static'
  proxy: string[]
  domain: string
  user: string
  auth_user: string
  /** A new one; the server never shows what it has. */
  password?: string
  expires_s: number
  addresses: string[]
  inbound: { number: string; line: string }[]
  outbound: { match: string; strip: number; add: string }[]
  caller_number: string
  caller_numbers: string[]
  caller_style: 'pai' | 'from' | 'account' | 'rpid'
  channels: number
  calls_per_second: number
  priority: number
  costs: { prefix: string; price: number }[]
  options_interval_s: number
  codecs: string[]
  dtmf: 'auto' | 'info' | 'inband'
}

export interface TrunkPage extends SettingsPage {
  trunks: TrunkForm[]
  /** As hotline.yaml has them. */
  settings: TrunkForm[]
  origins: Record<string, 'settings' | 'changed' | 'console'>
  secrets: string[]
}

export interface TrunkTrial { proxy: string; rtt_ms: number; options_error: string; registers: boolean; register_error: string; granted_s: number }

export const trunksApi = {
  show: (signal?: AbortSignal): Promise<TrunkPage> => request('GET', address('/trunks/settings'), undefined, signal),
  check: (trunks: TrunkForm[], signal?: AbortSignal): Promise<RulesChecked> => request('POST', address('/trunks/settings/check'), { trunks }, signal),
  save: (stamp: string, trunks: TrunkForm[]): Promise<TrunkPage> => request('PUT', address('/trunks/settings'), { stamp, trunks }),
  undo: (version: number): Promise<TrunkPage> => request('POST', address('/trunks/settings/undo'), { version }),
  try: (trunk: TrunkForm): Promise<TrunkTrial> => request('POST', address('/trunks/settings/try'), trunk),
}

/** A carrier of which nothing is known. */
/** A trunk to fill in; calls that come by it go to line. */
export const newTrunk = (line = ''): TrunkForm => ({
  name: '', kind: 'register', proxy: [], domain: '', user: '', auth_user: '', expires_s: 300, addresses: [], inbound: [{ number: '*', line }], outbound: [],
  caller_number: '', caller_numbers: [], caller_style: 'pai', channels: 0, calls_per_second: 0, priority: 0, costs: [], options_interval_s: 30, codecs: [], dtmf: 'auto',
})
