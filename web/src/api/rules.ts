import type { SettingsPage } from './settings'

/** A business's rules as a form holds them; see internal/business/rules.go. */
export interface RuleRollout { line: string; scene?: string; bot: number; min_resolved?: number; window?: number; fallback?: number }
export interface RuleHoliday { name: string; from: string; to?: string; open?: string }
export interface RuleOverflow { after_s: number; skill?: string; team?: string }
export interface RuleTime { during: string; skill?: string; start_s: number }
export interface RuleSkill { name: string; title?: string; team?: string }
export interface RuleAgent { name: string; title?: string; team?: string; skills: string[]; levels?: Record<string, number>; languages: string[] }

export interface RuleHours {
  daily: string
  weekdays: string
  weekend: string
  monday: string
  tuesday: string
  wednesday: string
  thursday: string
  friday: string
  saturday: string
  sunday: string
  spoken: string
  holidays: RuleHoliday[]
  workdays: string[]
}

export interface RuleHeadStart {
  vip_s: number
  asked_s: number
  urgent_s: number
  upset_s: number
  complaint_s: number
  complaint_from: number
  kinds: Record<string, number>
  skills: Record<string, number>
  times: RuleTime[]
}

export interface Rules {
  hours: RuleHours
  strategy: 'longest-idle' | 'by-skill-level'
  ring_s: number
  max_wait_s: number
  max_waiting: number
  wrap_up_s: number
  no_answer_s: number
  no_answer_stays: boolean
  last_agent_s: number
  announce_every_s: number
  callback_after_s: number
  message_s: number
  head_start: RuleHeadStart
  vip: string[]
  overflow: RuleOverflow[]
  share: { busy_waiting: number; busy_wait_s: number; calm_waiting: number; calm_wait_s: number; idle_agents: number; idle_bot: number; least_s: number }
  rollout: RuleRollout[]
  greeting: Record<string, string>
  urgent: string[]
  skills: RuleSkill[]
  agents: RuleAgent[]
  lines: RuleLine[]
  voices: Record<string, string>
  music?: string
}

export interface RuleProblem { severity: 'error' | 'warning'; field: string; line?: number; en: string; zh: string }
export interface RuleLine { was?: string; name: string; numbers: string[]; default: boolean; language: string; other_languages: string[]; voice: string; rate: number; disclosure: string; greeting: string; outbound: string; elsewhere?: string }
export interface RuleVersion { version: number; made_at: string; made_by: string; changed: string[]; undoes?: number; now: boolean }
export interface RulesChecked { changed: string[]; problems: RuleProblem[] }

export interface RulesShown extends SettingsPage {
  rules: Rules
  lines: string[]
  /** Languages of the lines of the file, by their names. */
  speak: Record<string, string>
  scenes: string[]
  kinds: string[]
  open: boolean
}
