// Package sip is the signalling side of the hotline: it listens for calls, places
// them, and keeps the register of the agents' phones. Session descriptions are
// opaque bytes here; the package knows nothing of media.
//
// # Concepts
//
// A [Server] listens on UDP, TCP, TLS and WebSocket, over IPv4 and IPv6, and runs one
// [Handler] for each call that comes in. A [Leg] is the signalling of one party of a call (an RFC 3261 dialog),
// whichever side began it: Answer, Reject, Transfer and Hangup are ours to call, its
// Context ends when the far end hangs up. [Server.Dial] rings a URI or all phones of
// an agent and returns the Leg that answered. A [Registrar] authenticates the
// agents' phones, remembers where they are and asks from time to time whether they
// still are. [Server.KeepRegistered] is the other side of it: a registration with
// somebody else's registrar.
//
// Far ends are reached where their messages come from when they are behind a NAT, and
// see our own address or the public one (Config.PublicAddr) by where they are. A
// browser ([Server.WebSocket]) can be reached over its connection alone; when that
// breaks, the leg follows it to the next one.
//
// Before the answer a caller may hear us ring or play ([Leg.Ring], [Leg.Progress]).
// Either end may change the session later: the far end's offers come to
// [Leg.OnUpdate], ours go by [Leg.Reoffer]; one at a time, as RFC 3264 has it.
// Session timers watch over both (Config.SessionExpires).
//
// A call changes hands in four ways. [Leg.Transfer] and [Leg.TransferTo] send the far
// end elsewhere, or to the far end of another leg. A [Referral] ([Leg.OnRefer]) is the
// far end's wish that we do so. [Leg.TakeOver] lets an inbound leg take the place of
// another one. DialRequest.Redirects is the forwarding before the answer, which
// [Trunks.Dial] follows as far as the [Policy] lets it. What the network says about who
// calls is [Leg.Identity]; only trusted sources are believed.
//
// [Trunks] are the carriers: kept registered and watched by OPTIONS, they say whose an
// inbound call is and which line it is for, and [Trunks.Dial] sends numbers out by the
// one that fits best. A [Policy] decides before which numbers may be called, how often
// and for how much; a [Ledger] keeps the counts.
//
// Nothing is ever proxied: an INVITE is answered by the Handler or refused, so a
// stranger cannot place calls through the server.
//
// # What is built on what
//
// Messages, header fields and URIs are those of emiago/sipgo. Its transport and
// transaction layers are not used: they start a goroutine for each message, so the
// order of messages is lost; they keep every request for 32 s, do not bound the
// addresses they have heard of, and refuse to send datagrams over 1,300 bytes.
// From the wire to the call a message passes
//
//	transport.go    sockets and connections: one message at a time, bounded
//	websocket.go    those of browsers (RFC 7118); listen.go where they come in
//	connect.go      the way to a URI (RFC 3263; naptr.go), reroute.go when it cannot be gone
//	address.go      what we call ourselves there
//	guard.go        what one source may ask; audit.go tells who tried what
//	sieve.go        what is not even parsed; halfopen.go bounds calls that get no further
//	wire.go         the validating read: RFC 3261 and RFC 4475, before sipgo parses
//	transaction.go  the state machines of RFC 3261 section 17 and RFC 6026
//	request.go      requests outside a dialog; admission.go says whether a call may begin
//	dialog.go       requests inside one; asking.go is ours
//	provisional.go  what we say before the answer (RFC 3262), early.go what we hear
//	accepting.go    the answer, until its ACK
//	offer.go        offers and answers of both ends in re-INVITE and UPDATE (RFC 3311)
//	session_timer.go  RFC 4028
//	presence.go     whether a far end that says nothing is still there
//	refer.go        REFER of the far end, transfer.go ours, replaces.go who may take over
//	registrar.go    REGISTER; binding.go the way to a phone, ping.go whether it is there
//	dial.go         calls of ours; fork.go one phone of them, redirect.go 3xx
//
// A message that fails the validating read is answered or dropped there, and a
// panic while one is handled is logged and costs that message only.
//
// # Concurrency
//
// Each socket or connection has one reading goroutine, and it takes a message all
// the way through its transaction to the leg, so messages of a call are seen in the
// order of their arrival. Nothing on that way blocks, except a write to a connection,
// which has a deadline. Work that may take time (the Handler, the callbacks of
// [Leg.OnUpdate], [Leg.OnKey] and [Leg.OnRefer]) runs elsewhere: each Handler in a
// goroutine of its own, the callbacks of one leg one after another in a goroutine that
// exists only while there is work. Server.Run waits for all of them.
//
// Locks: Server.mu, Leg.mu, the transactions' and the transport's mutexes are never
// held across I/O or a callback. Where two are held, the order is Leg.mu, then
// Server.mu; a transaction's mutex is never held when calling upwards.
package sip
