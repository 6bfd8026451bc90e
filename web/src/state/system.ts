import { computed, ref, shallowRef } from 'vue'
import { api, ApiError } from '../api/client'
import type { Agent, Call, Line, LiveEvent, SystemState, Trunk } from '../api/types'

export const system = shallowRef<SystemState>()
export const lines = shallowRef<Line[]>([])
export const trunks = shallowRef<Trunk[]>([])
export const agents = shallowRef<Agent[]>()
export const systemError = shallowRef<ApiError>()
const reachable = ref(true)

/** What validates the business folder. */
export const checkCommand = 'hotline check'

export type Health = 'unknown' | 'ok' | 'advice' | 'degraded' | 'notReady' | 'unreachable'

export const health = computed<Health>(() => {
  if (!reachable.value) return 'unreachable'
  const s = system.value
  if (!s) return 'unknown'
  if (!s.ready) return 'notReady'
  if (s.advice.some((a) => a.grave) || s.workers.some((w) => w.state === 'down') || trunks.value.some((x) => x.state === 'down')) return 'degraded'
  return s.advice.length > 0 ? 'advice' : 'ok'
})

/** Reads the server's state; errors show in health. */
export async function readSystem(): Promise<void> {
  try {
    const [state, list, carriers] = await Promise.all([api.system(), api.lines(), api.trunks(), readAgents()])
    system.value = state
    lines.value = list.items
    trunks.value = carriers.items
    reachable.value = true
    systemError.value = undefined
  } catch (e) {
    if (!(e instanceof ApiError)) throw e
    systemError.value = e
    reachable.value = e.status !== 0
  }
}

/** Reads the agents; what goes wrong is the caller's to tell. */
export async function readAgents(): Promise<void> {
  agents.value = (await api.agents()).items
}

/** Keeps the agents' states up with what happens. */
export function onAgent(e: LiveEvent): void {
  if (e.kind !== 'agent.state') return
  const a = e.data as Partial<Agent> | undefined
  if (a?.name !== undefined) agents.value = agents.value?.map((x) => (x.name === a.name ? { ...x, ...a } : x))
}

/** Keeps the trunks' states up with what happens. */
export function onTrunk(e: LiveEvent): void {
  if (e.kind !== 'trunk.state') return
  const x = e.data as Trunk | undefined
  if (x) trunks.value = trunks.value.map((old) => (old.name === x.name ? { ...x, today: x.today ?? old.today } : old))
}

/** What people call an agent. */
export function agentTitle(name: string): string {
  return agents.value?.find((a) => a.name === name)?.display_name ?? name
}

/** Who is at the other side of a call: an agent by his name, anybody else by his number as it is shown. */
export function otherSide(c: Pick<Call, 'direction' | 'caller' | 'called'>, shown: (number: string) => string): string {
  const number = c.direction === 'outbound' ? c.called : c.caller
  return number.startsWith('agent:') ? agentTitle(number.slice('agent:'.length)) : shown(number)
}

/** What people call a line. */
export function lineTitle(name: string): string {
  return lines.value.find((l) => l.name === name)?.title ?? name
}
