package flow

// Asked is the slot whose question is open; false where none is, or where it is only
// asked whether the value was heard right.
func (s *Set) Asked(st State) (Slot, bool) {
	p := s.program(st)
	if p == nil || st.asking == "" || st.confirming || p.slots[st.asking] == nil {
		return Slot{}, false
	}
	return p.slots[st.asking].Slot, true
}
