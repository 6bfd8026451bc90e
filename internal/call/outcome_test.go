package call

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/sip"
)

// What a far end says about the end of a call, or of its wish for one, is kept.
func TestReasons(t *testing.T) {
	answered := Record{Direction: "inbound", AnsweredAt: time.Now()}
	for name, c := range map[string]struct {
		record Record
		cause  error
		status int
		reason string
		ended  string
	}{
		"BYE":             {answered, sip.ErrBye, 0, "", "caller_hangup"},
		"BYE, Q.850":      {answered, &sip.EndError{Err: sip.ErrBye, Reason: `Q.850;cause=16;text="Terminated"`}, 0, `Q.850;cause=16;text="Terminated"`, "caller_hangup"},
		"BYE, both":       {answered, fmt.Errorf("leg: %w", &sip.EndError{Err: sip.ErrBye, Reason: `Q.850;cause=31, SIP ;cause=408;text="a; b"`}), 408, `Q.850;cause=31, SIP ;cause=408;text="a; b"`, "caller_hangup"},
		"BYE, nonsense":   {answered, &sip.EndError{Err: sip.ErrBye, Reason: `SIP;cause=99999`}, 0, `SIP;cause=99999`, "caller_hangup"},
		"CANCEL":          {Record{Direction: "inbound"}, sip.ErrCancelled, 487, "", "caller_hangup"},
		"taken elsewhere": {Record{Direction: "inbound"}, &sip.EndError{Err: sip.ErrCancelled, Reason: `SIP;cause=200;text="Call completed elsewhere"`}, 200, `SIP;cause=200;text="Call completed elsewhere"`, "caller_hangup"},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.record
			r.end(c.cause, Facts{})
			assert.Equal(t, c.status, r.SIPStatus)
			assert.Equal(t, c.reason, r.EndReason)
			assert.Equal(t, c.ended, r.EndCause)
		})
	}
}
