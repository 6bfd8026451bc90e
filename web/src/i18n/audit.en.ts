import type { AuditCatalogue } from './audit.zh-CN'

/** The audit page: every operation that is written down, by its id, and what is told of it. */
export const auditEn: AuditCatalogue = {
  actions: {
    login: 'Signed in', locked: 'Login locked', logout: 'Signed out', numbers: 'Saw whole numbers', retention: 'Deleted by age', 'retention-changed': 'Retention changed', 'campaign-waits': 'Campaign calls nobody',
    'key-made': 'New key made', 'key-rotated': 'Keys rotated', 'caller-exported': 'Exported a caller', 'caller-erased': 'Erased a caller', backup: 'Backup',
    'create-ticket': 'Opened a ticket', 'get-ticket': 'Looked at a ticket', 'change-ticket': 'Changed a ticket', 'comment-ticket': 'Commented on a ticket', 'attach-file': 'Added a file to a ticket', 'get-file': 'Downloaded a ticket’s file', 'export-tickets-csv': 'Exported tickets', 'export-tickets-xlsx': 'Exported tickets', 'retry-webhook': 'Sent a webhook again', 'get-review': 'Looked at a review', 'approve-review': 'Approved a request', 'refuse-review': 'Refused a request', 'undo-review': 'Took a decision back', 'get-customer': 'Looked at a customer', 'get-customer-numbers': 'Looked at whole numbers', 'change-customer': 'Changed a customer', 'merge-customers': 'Merged customers', 'part-customer': 'Parted customers',
    'get-call': 'Looked at a call', 'get-recording': 'Listened to a recording', 'export-calls': 'Exported calls', 'place-call': 'Placed a call', 'hang-up': 'Ended a call', 'join-call': 'Listened in, whispered or barged in',
    'add-user': 'Added a user', 'change-user': 'Changed a user', 'reset-password': 'Reset a password', 'end-totp': 'Removed a second factor', 'end-session': 'Ended a session', 'end-sessions': 'Ended all sessions',
    'add-token': 'Made a token', 'revoke-token': 'Revoked a token', 'change-my-password': 'Changed own password', 'begin-totp': 'Prepared a second factor', 'confirm-totp': 'Turned the second factor on',
    'end-my-totp': 'Turned the second factor off', 'end-my-session': 'Ended own session', 'end-my-other-sessions': 'Ended own other sessions', 'set-wish': 'Settled a to-do',
    'create-knowledge': 'New question', 'change-knowledge': 'Changed a question', 'publish-knowledge': 'Published a question', 'withdraw-knowledge': 'Withdrew a question', 'write-knowledge': 'Wrote knowledge files', 'import-knowledge': 'Imported knowledge',
    'add-consent': 'Kept a consent', 'add-contact': 'Added a contact', 'approve-proposals': 'Approved wordings', 'call-assist': 'Looked at suggestions in a call', 'call-customer': 'Looked who the other side is', 'change-alert': 'Took care of an alert',
    'change-campaign': 'Changed a campaign', 'command-call': 'Worked a call: hold, transfer', 'create-campaign': 'Made a campaign', 'create-flow': 'Made a task', 'delete-flow': 'Deleted a task', 'dial-contact': 'Called a contact',
    'discard-knowledge': 'Discarded a draft', 'do-not-call': 'Wrote down: do not call again', 'draw-assessments': 'Drew calls to review', 'export-contacts-csv': 'Exported contacts', 'export-contacts-xlsx': 'Exported contacts', 'get-assessment': 'Looked at a quality review',
    'get-contact': 'Looked at a contact', 'get-wrap-up': 'Looked at a wrap-up', 'import-consents': 'Imported consents', 'import-contacts': 'Imported contacts', 'import-suppressions': 'Imported numbers not to call', 'leave-call': 'Stopped listening in',
    'list-consents': 'Looked at consents', 'list-contacts': 'Looked at contacts', 'list-suppressions': 'Looked at numbers not to call', 'look-for-caller': 'Looked for a caller’s data', 'look-for-proposals': 'Looked through calls for wordings', 'may-call': 'Allowed calls again',
    'next-contact': 'Looked at the next contact', 'paraphrase-question': 'Asked the language model for wordings', 'pause-campaign': 'Paused a campaign', 'pick-assessment': 'Picked a call to review', 'privacy-report': 'Privacy check', 'refuse-proposals': 'Refused wordings',
    'reject-knowledge': 'Sent a question back', 'reply-assessment': 'Replied to a review', 'resolve-knowledge': 'Settled a conflict of a question', 'restore-flow': 'Restored a task', 'restore-knowledge': 'Restored a question', 'resume-campaign': 'Resumed a campaign',
    'review-assessment': 'Scored a call', 'save-flow': 'Changed a task', 'send-sms': 'Sent a short message', 'set-agent-state': 'Changed an agent’s state', 'set-phone-password': 'Changed a phone’s password', 'set-rollout': 'Changed the bot’s share of a line',
    'set-rules': 'Changed business rules or lines', 'set-share': 'Changed the division of work', 'set-sheets': 'Changed score sheets', 'set-trunks': 'Changed trunks', 'set-words': 'Changed sensitive words', 'skip-contact': 'Skipped a contact',
    'start-campaign': 'Started a campaign', 'stop-campaign': 'Stopped a campaign', 'submit-knowledge': 'Submitted a question for review', 'supervise-call': 'Changed who hears, or took over', suppress: 'Listed a number not to call', trigger: 'Triggered a campaign call',
    'try-trunk': 'Tried a trunk', 'undo-proposals': 'Took back decisions on wordings', 'undo-rules': 'Took back a change of rules', 'undo-sheets': 'Took back a change of score sheets', 'undo-trunks': 'Took back a change of trunks', 'undo-words': 'Took back a change of words',
    unsuppress: 'Took a number off the list', 'withdraw-contact': 'Took a contact out', 'wrap-up-call': 'Wrote a wrap-up',
  },
  kinds: { scanner: 'Scanner', login_failed: 'Wrong phone password', unknown_user: 'Calls to numbers nobody has', malformed: 'Many broken messages', flood: 'Too many requests', half_open: 'Too many calls not answered', connections: 'Too many connections', blocked: 'Blocked', unblocked: 'Unblocked', toll_fraud: 'Call out not allowed' },
  details: {
    source: 'from', until: 'until', count: 'count', ids: 'ids', added: 'added', agent: 'agent', business: 'business', by: 'by',
    call: 'call', caller: 'caller', changed: 'changed', file: 'file', from: 'from', kind: 'kind', list: 'list', made: 'made',
    mode: 'mode', note: 'note', proxy: 'server', reason: 'reason', role: 'role', rows: 'rows', scopes: 'scopes', state: 'state',
    ticket: 'ticket', token: 'token', trunk: 'trunk', undoes: 'undoes', user: 'user', version: 'version', week: 'week', query: 'filter',
    why: 'why', detail: 'detail', before: 'before', after: 'after', dry_run: 'tried only',
  },
}
