import { address, request, send } from './client'

export type VoiceState = 'rendered' | 'kept' | 'made'
export interface Voice {
  line: string
  title: string
  language: string
  voice: string
  chosen: boolean
  rate: number
  sample: string
  /** Voices of its language that are installed. */
  choices: string[]
  /** Where its settings are changed, and what it is called there. */
  business: string
  named: string
  sentences: { text: string; state: VoiceState }[]
}

export const voicesApi = {
  list: (signal?: AbortSignal): Promise<{ items: Voice[] }> => request('GET', address('/voices'), undefined, signal),
  /** The sound of a text, as a line says it. */
  speak: async (line: string, text: string, voice: string, rate: number, signal?: AbortSignal): Promise<Blob> => {
    const r = await send('POST', address(`/voices/${encodeURIComponent(line)}/speak`), { text, rate, ...(voice === '' ? {} : { voice }) }, signal)
    return r.blob()
  },
}

