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
  sentences: { text: string; state: VoiceState }[]
}

export const voicesApi = {
  list: (signal?: AbortSignal): Promise<{ items: Voice[] }> => request('GET', address('/voices'), undefined, signal),
  /** The sound of a text, as a line says it. */
  speak: async (line: string, text: string, rate: number, signal?: AbortSignal): Promise<Blob> => {
    const r = await send('POST', address(`/voices/${encodeURIComponent(line)}/speak`), { text, rate }, signal)
    return r.blob()
  },
}

