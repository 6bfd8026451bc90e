import type { SettingsCatalogue } from './settings.zh-CN'

export const settingsEn: SettingsCatalogue = {
  lines: {
    tab: 'Lines', title: 'Lines and trunks', lead: 'Numbers, voices and openings are written back into business.yaml with all its comments, and count from the next call on.',
    name: 'Name', fresh: 'New line', numbers: 'Numbers', default: 'Also takes numbers that no line lists', language: 'Language', ofBusiness: 'The business’s', voice: 'Voice', ofLanguage: 'That of the language', listen: 'Listen',
    disclosure: 'Who speaks, and recording', disclosureHint: 'Callers must hear it: that a machine speaks, and that calls are recorded.', greeting: 'Opening question', outbound: 'Opening of calls out',
    elsewhere: 'What this line says lives in another business:', add: 'Add a line', voices: 'Voice of each language', music: 'Music while waiting', musicHint: 'A .wav file of the business’s folder; empty is ours',
    trunks: 'Trunks are set under trunks in hotline.yaml (or HOTLINE_ variables) and count from the next start; their passwords never come here. This is how they do.',
  },
  words: {
    tab: 'Words', title: 'Sensitive words', lead: 'Add words of your own to the shipped lists, or take some out. They are written into moderation/ of the business’s folder and count from the next call on.',
    category: 'Category', own: 'Your own', shipped: 'Shipped', caller: 'When a caller says it', bot: 'When the bot would', allow: 'Allowed phrases',
    hint: "One a line. ~word: what sounds like it; =word: exactly these characters; a…b: both parts with a few characters between; word {'|'} warn: with a policy of its own; -word: takes a shipped one out.",
    allowHint: 'One a line. Nothing is found inside these phrases.', line: 'Line {n}:', shippedTitle: '{n} shipped words', find: 'Find', takeOut: 'Take out', back: 'Put back', rest: '{n} more; search for them',
    policies: { pass: 'Goes on', calm: 'Back to the matter', warn: 'Warn once', transfer: 'To a person', end: 'End the call', crisis: 'Crisis care and a person', block: 'Not said', says: 'May be said' },
  },
  sheets: {
    tab: 'Score sheets', title: 'Score sheets', lead: 'Written back into quality.yaml with all its comments. Calls that were judged keep the sheet of their time.', ours: 'These are the shipped sheets; a change is kept as quality.yaml in the business’s folder.',
    sample: 'Looked at each week', perAgent: 'Calls of each agent', bot: 'Calls of the bot', least: 'Shortest call', leastHint: '0 is 15 s', sum: '{n} points', name: 'Name', for: { agents: 'Agents', bot: 'Bot' }, pass: 'Good from', lines: 'Lines (none is all)',
    item: 'Item', points: 'Points', rule: 'Found by', knockout: 'Knockout', limit: 'Silence over', times: 'At most', phrases: 'One of these is said, commas between', words: 'More forbidden words, commas between', help: 'Help for the reviewer', add: 'Add a sheet', addItem: 'Add an item',
    rules: { none: 'The reviewer', greeting: 'Greets', disclosure: 'Tells of the recording', forbidden: 'No forbidden word', dead_air: 'No dead air', overtalk: 'Does not talk over', resolution: 'Resolved', says: 'Says a phrase' },
  },
  privacy: {
    tab: 'Privacy', title: 'Privacy and retention', only: 'Only administrators see this page.', lead: 'The times are set under privacy in hotline.yaml. What is due is deleted each hour, and the proof stands in the audit trail.',
    kind: 'Data', days: 'Kept', forever: 'For ever', nDays: '{n} days', overdue: 'Overdue', soon: 'Due within a week', last: 'Last deletion', deleted: '{n} deleted', left: '{n} could not be deleted', never: 'Nothing was due yet',
    kinds: { recordings: 'Recordings', transcripts: 'Transcripts', calls: 'Calls', tickets: 'Tickets', audit: 'Audit trail' },
    report: 'Privacy report', reportHint: 'The same as hotline audit privacy; one is kept each day in reports/ of the data folder.', run: 'Look again', running: 'Looking…', at: 'As of', good: 'Nothing to be done: no personal data unmasked, nothing too old.',
    files: { messages: 'short messages that no gateway takes', attempts: 'who tried what from outside', log: 'a log', export: 'an export', named: 'named by you', other: 'a file of the data folder' },
    unmasked: '{file} ({what}) has personal data unmasked from line {line} on: {kinds}', overrun: '{kind}: {n} are older than {days} days', plain: '{n} recordings of calls that are over are not sealed', rotating: 'A rotation of keys was begun and is not over: hotline key rotate', due: 'The key is {n} days old, rotate it: hotline key rotate', broken: 'The audit trail is broken: {text}',
    data: { phone: 'telephone numbers', identity: 'identity numbers', card: 'card numbers', email: 'mail addresses', address: 'addresses' },
    key: 'Key', keyIs: 'Number {id}, {n} days old', keyDue: 'due after {n} days', trail: 'Audit trail', trailIs: '{n} rows, whole',
    who: 'Who read and listened in the last 30 days', actor: 'Who', recordings: 'Recordings', calls: 'Calls', numbers: 'Whole numbers', exports: 'Exports', nobody: 'Nobody', listened: 'Calls listened to',
    caller: 'A caller’s data', callerHint: 'For a caller who asks for a copy of the data, or for its deletion. It is written into the audit trail, without the number.', number: 'Telephone number', look: 'See what there is', found: 'Kept of this number: {what}', nothing: 'Nothing is kept of this number.',
    export: 'Export a zip', erase: 'Erase all', eraseTitle: 'Erase all data of this caller', eraseAsk: 'Calls, recordings, transcripts, tickets and the profile are deleted and cannot be brought back. Type the number once more:', erased: 'Erased: {what}. Nothing is left.', exported: 'Exported', again: 'This is another number',
    tables: { calls: 'calls', recordings: 'recordings', tickets: 'tickets', wishes: 'wishes', customers: 'profiles', customer_numbers: 'numbers', messages: 'short messages', sms: 'short messages', call_events: 'events', other: 'other rows' }, rows: '{n} {what}',
  },
  tried: { use: 'Use this voice', choose: 'Try another voice', used: 'Saved; the next call has it' },
}
