package store

import (
	"math/rand/v2"

	"dragonfly/store/object"
)

// The access clock of an entry has 24 bits. Without an LFU policy it is the second of the last access. With one it
// is, as in Redis, the minute of the last decay (16 bits) and a logarithmic counter (8 bits).
const (
	clockMask  = 1<<24 - 1
	lfuInitial = 5 // counter of a new key, so that it is not the first to be evicted
)

func (v *View) newClock() uint32 {
	if v.st.LFU.Load() {
		return uint32(v.NowMs/60000)&0xffff<<8 | lfuInitial
	}
	return uint32(v.NowMs/1000) & clockMask
}

// touch notes an access.
func (v *View) touch(c object.Cell) {
	switch {
	case v.NoTouch:
	case v.st.LFU.Load():
		c.SetClock(uint32(v.NowMs/60000)&0xffff<<8 | uint32(bump(v.Freq(c), v.st.LFUFactor.Load())))
	default:
		c.SetClock(uint32(v.NowMs/1000) & clockMask)
	}
}

// renew notes that the value of an entry is replaced: the new value was used just now, and the key keeps its frequency.
func (v *View) renew(c object.Cell) {
	if v.st.LFU.Load() {
		v.touch(c)
	} else {
		c.SetClock(v.newClock())
	}
}

// bump increments a logarithmic counter with a probability that falls with its value times factor.
func bump(counter uint8, factor int64) uint8 {
	if counter == 255 {
		return 255
	}
	base := max(0, int(counter)-lfuInitial)
	if rand.Float64()*(float64(base)*float64(factor)+1) < 1 {
		counter++
	}
	return counter
}

// Freq returns the access frequency counter, lowered for the time without access.
func (v *View) Freq(c object.Cell) uint8 {
	clock := c.Clock()
	decay := v.st.LFUDecay.Load()
	if decay == 0 {
		return uint8(clock)
	}
	elapsed := (v.NowMs/60000 - int64(clock>>8)) & 0xffff
	return uint8(max(0, int64(clock&0xff)-elapsed/decay))
}

// unusedMinutes returns the time since the last access, for a clock that is a frequency.
func (v *View) unusedMinutes(c object.Cell) int64 {
	return (v.NowMs/60000 - int64(c.Clock()>>8)) & 0xffff
}

// IdleMs returns the time since the last access.
func (v *View) IdleMs(c object.Cell) int64 {
	return (v.NowMs/1000 - int64(c.Clock())) & clockMask * 1000
}

// SetIdle sets the last access to a number of seconds ago.
func (v *View) SetIdle(c object.Cell, seconds int64) {
	c.SetClock(uint32(v.NowMs/1000-seconds) & clockMask)
}

// SetFreq sets the access frequency counter.
func (v *View) SetFreq(c object.Cell, freq uint8) {
	c.SetClock(uint32(v.NowMs/60000)&0xffff<<8 | uint32(freq))
}

// ClockFor returns the access clock of a key that comes from elsewhere, from its idle seconds and its frequency
// counter; negative means not told.
func (v *View) ClockFor(idleSec int64, freq int) uint32 {
	switch {
	case v.st.LFU.Load() && freq >= 0:
		return uint32(v.NowMs/60000)&0xffff<<8 | uint32(freq)
	case !v.st.LFU.Load() && idleSec > 0:
		return uint32(v.NowMs/1000-idleSec) & clockMask
	}
	return v.newClock()
}
