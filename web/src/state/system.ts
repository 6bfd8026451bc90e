import { computed, ref, shallowRef } from 'vue'
import { api, ApiError } from '../api/client'
import type { Agent, Call, Line, LiveEvent, SystemState, Trunk } from '../api/types'
import { onAgent } from '../lib/live'
import { readLive } from './live'

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
    const [state, list, carriers] = await Promise.all([api.system(), api.lines(), readLive(async () => (await api.trunks()).items, onTrunks), readAgents()])
    system.value = state
    lines.value = list.items
    trunks.value = carriers
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
  agents.value = await readLive(async () => (await api.agents()).items, onAgents)
}

const onAgents = (list: Agent[], e: LiveEvent): Agent[] => (e.kind === 'agent.state' ? list.map((a) => onAgent(a, e)) : list)

function onTrunks(list: Trunk[], e: LiveEvent): Trunk[] {
  const x = e.kind === 'trunk.state' ? (e.data as Trunk | undefined) : undefined
  return x ? list.map((old) => (old.name === x.name ? { ...x, today: x.today ?? old.today } : old)) : list
}

/** Keeps the agents' and the trunks' states up with what happens. */
export function onSystem(e: LiveEvent): void {
  if (agents.value) agents.value = onAgents(agents.value, e)
  trunks.value = onTrunks(trunks.value, e)
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
