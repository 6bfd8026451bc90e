/** What a browser calls itself, short enough for people: "Chrome, Windows". */
export function browser(agent: string): string {
  const names: [RegExp, string][] = [[/Edg\//, 'Edge'], [/MicroMessenger/, 'WeChat'], [/Firefox\//, 'Firefox'], [/(Chrome|Chromium)\//, 'Chrome'], [/Safari\//, 'Safari'], [/^curl/, 'curl']]
  const systems: [RegExp, string][] = [[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS/, 'macOS'], [/Linux/, 'Linux']]
  const find = (list: [RegExp, string][]): string | undefined => list.find(([r]) => r.test(agent))?.[1]
  return [find(names), find(systems)].filter((x) => x !== undefined).join(', ') || agent.slice(0, 40) || '?'
}
