package call

// Over is closed once a call that Place has begun is over; at once for one that is not in
// progress. Its record may still be on its way to the journal.
func (m *Manager) Over(id string) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.calls[id]; ok {
		return c.over.Done()
	}
	over := make(chan struct{})
	close(over)
	return over
}
