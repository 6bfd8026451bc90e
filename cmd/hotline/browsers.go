package main

import (
	"log/slog"
	"net"
	"net/netip"

	"hotline/internal/config"
	"hotline/media/webrtc"
)

// openBrowsers opens the one UDP port for the sound of browsers.
func openBrowsers(c config.Config, log *slog.Logger) (*webrtc.Endpoint, error) {
	cfg := webrtc.Config{Public: publicAddrs(c), MaxConns: 2 * maxCalls(c), Logger: log}
	port := c.RTP.WebRTCPort
	if port == 0 {
		port = c.RTP.High + 1
	}
	anywhere := netip.IPv6Unspecified() // both families, where there are both
	if !hasIPv6() {
		anywhere = netip.IPv4Unspecified()
	}
	cfg.Listen = netip.AddrPortFrom(anywhere, uint16(min(port, 65535)))
	e, err := webrtc.New(cfg)
	if err == nil || c.RTP.WebRTCPort != 0 {
		return e, err
	}
	// Telephones matter more than browsers: the server starts all the same.
	cfg.Listen = netip.AddrPortFrom(anywhere, 0)
	e, again := webrtc.New(cfg)
	if again != nil {
		return nil, again
	}
	log.Warn("the port for browsers' sound is taken, another one is used; a firewall must let it through, or set rtp.webrtc_port",
		"wanted", port, "used", e.Addr().Port(), "error", err)
	return e, nil
}

func hasIPv6() bool {
	l, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6unspecified})
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// publicAddrs are the addresses that browsers reach us by through a NAT.
func publicAddrs(c config.Config) []netip.Addr {
	if a := rtpAddr(c); a.IsValid() {
		return []netip.Addr{a}
	}
	host := c.SIP.PublicAddr
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}
	}
	return nil
}
