package webrtc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pion/webrtc/v4"

	"hotline/media/sdp"
)

// gatherTime bounds how long our own addresses may take to be listed.
const gatherTime = 5 * time.Second

// ErrNotAsked is returned when an answer comes to no offer of ours.
var ErrNotAsked = errors.New("an answer came to an offer that was not made")

// Answer meets a browser's offer. Of l, Codecs (default Opus, PCMU, PCMA), Direction
// and NoDTMF count. The Conn must be closed.
func (e *Endpoint) Answer(ctx context.Context, offer []byte, l sdp.Local) (answer []byte, c *Conn, m sdp.Media, err error) {
	d, err := understand(offer, l, false)
	if err != nil {
		return nil, nil, sdp.Media{}, err
	}
	if c, err = e.connect(ctx, d.codecs(l)); err != nil {
		return nil, nil, sdp.Media{}, err
	}
	c.negotiation.Lock()
	defer c.negotiation.Unlock()
	if answer, err = c.answer(ctx, d); err != nil {
		return nil, nil, sdp.Media{}, errors.Join(err, c.Close())
	}
	return answer, c, d.media, nil
}

// Offer makes an offer for a browser that is rung. [Conn.Accept] takes its answer.
// Of several browsers that ring with one offer, one can be taken. The Conn must be
// closed.
func (e *Endpoint) Offer(ctx context.Context, l sdp.Local) (offer []byte, c *Conn, err error) {
	if c, err = e.connect(ctx, offerable(l)); err != nil {
		return nil, nil, err
	}
	if offer, err = c.invite(ctx, l); err != nil {
		return nil, nil, errors.Join(err, c.Close())
	}
	return offer, c, nil
}

// invite makes the first offer.
func (c *Conn) invite(ctx context.Context, l sdp.Local) ([]byte, error) {
	c.negotiation.Lock()
	defer c.negotiation.Unlock()
	o, err := c.pc.CreateOffer(nil)
	if err != nil {
		return nil, fmt.Errorf("making an offer to a browser: %w", err)
	}
	text, err := c.describe(ctx, o)
	if err != nil {
		return nil, err
	}
	return fromPion(text, 0, l.Direction)
}

// Update answers a new offer of the browser: hold, resume, new ICE credentials,
// another codec. After an error all is as it was.
func (c *Conn) Update(ctx context.Context, offer []byte, l sdp.Local) (answer []byte, m sdp.Media, err error) {
	d, err := understand(offer, l, false)
	if err != nil {
		return nil, sdp.Media{}, err
	}
	if !c.knows(d.media.Codec) { // before pion refuses, which it cannot take back
		return nil, sdp.Media{}, fmt.Errorf("%w: %s came in only during the call", sdp.ErrNoCodec, d.media.Codec.Name)
	}
	c.negotiation.Lock()
	defer c.negotiation.Unlock()
	c.offer = nil // if the browser's has crossed ours, ours has lost
	if answer, err = c.answer(ctx, d); err != nil {
		return nil, sdp.Media{}, err
	}
	return answer, d.media, nil
}

// answer needs c.negotiation.
func (c *Conn) answer(ctx context.Context, d *description) ([]byte, error) {
	text, err := d.forPion()
	if err != nil {
		return nil, err
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}); err != nil {
		return nil, fmt.Errorf("reading a browser's offer: %w", err)
	}
	a, err := c.pc.CreateAnswer(nil)
	if err != nil {
		return nil, fmt.Errorf("answering a browser: %w", err)
	}
	if text, err = c.describe(ctx, a); err != nil {
		return nil, err
	}
	keep := []uint8{d.media.Codec.PayloadType}
	if d.media.HasDTMF {
		keep = append(keep, d.media.DTMF)
	}
	return fromPion(text, d.audio, d.media.Direction, keep...)
}

// describe sets our description and returns it with all of our addresses.
func (c *Conn) describe(ctx context.Context, d webrtc.SessionDescription) (string, error) {
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(d); err != nil {
		return "", fmt.Errorf("describing our side to a browser: %w", err)
	}
	limit := time.NewTimer(gatherTime)
	defer limit.Stop()
	select {
	case <-gathered:
	case <-limit.C:
		return "", fmt.Errorf("listing our addresses for a browser took longer than %v", gatherTime)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	return c.pc.LocalDescription().SDP, nil
}

// Reoffer makes an offer in a call: we hold or resume, or the browser asked for it.
// Accept takes the answer. pion cannot take an offer back, so it is not told of ours
// before the answer is there.
func (c *Conn) Reoffer(l sdp.Local) ([]byte, error) {
	c.negotiation.Lock()
	defer c.negotiation.Unlock()
	o, err := c.pc.CreateOffer(nil)
	if err != nil {
		return nil, fmt.Errorf("making an offer to a browser: %w", err)
	}
	c.offer = &o
	return fromPion(o.SDP, 0, l.Direction)
}

// Accept takes the answer to the last offer.
func (c *Conn) Accept(answer []byte, l sdp.Local) (sdp.Media, error) {
	d, err := understand(answer, l, true)
	if err != nil {
		return sdp.Media{}, err
	}
	text, err := d.forPion()
	if err != nil {
		return sdp.Media{}, err
	}
	c.negotiation.Lock()
	defer c.negotiation.Unlock()
	if c.offer != nil {
		if err := c.pc.SetLocalDescription(*c.offer); err != nil {
			return sdp.Media{}, fmt.Errorf("describing our side to a browser: %w", err)
		}
		c.offer = nil
	}
	if c.pc.SignalingState() != webrtc.SignalingStateHaveLocalOffer {
		return sdp.Media{}, ErrNotAsked
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}); err != nil {
		return sdp.Media{}, fmt.Errorf("reading a browser's answer: %w", err)
	}
	return d.media, nil
}
