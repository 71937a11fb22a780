package zset

import (
	"bytes"

	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// What follows is the listpack encoding: pairs of member and score, in order.

// scoreRoom is more than a score can take as a listpack entry.
const scoreRoom = number.MaxScoreLen + 2

// fitsPacked tells whether a listpack may get another member.
func fitsPacked(lp []byte, lim *object.Limits, member []byte) bool {
	return listpack.Len(lp)/2+1 <= lim.ZsetMaxListpackEntries && len(member) <= lim.ZsetMaxListpackValue &&
		listpack.SafeToAdd(lp, len(member)+scoreRoom)
}

// scoreAt returns the score at an offset. Text that is no number, which only
// a damaged file can bring, counts as 0.
func scoreAt(lp []byte, p int) float64 {
	s, n, isInt := listpack.Get(lp, p)
	if isInt {
		return float64(n)
	}
	f, _ := number.ParseFloat(s)
	return f
}

// appendPackedScore appends the text of a score as a listpack stores it.
func appendPackedScore(dst []byte, score float64) []byte {
	if score == 0 {
		score = 0 // -0 is stored as 0
	}
	return number.AppendScore(dst, score)
}

// insertPacked adds a member that is new.
func insertPacked(c object.Cell, score float64, member []byte) {
	var buf [number.MaxScoreLen]byte
	text := appendPackedScore(buf[:0], score)
	lp := c.Reserve(c.Len() + listpack.EncodedSize(member) + listpack.EncodedSize(text))
	p := placePacked(lp, score, member)
	lp = listpack.Insert(lp, p, text)
	lp = listpack.Insert(lp, p, member)
	c.SetLen(len(lp))
}

// samples is how many pairs placePacked compares at most on its way.
const samples = 128

// placePacked returns the offset before which a new member belongs, that of
// the end byte if it is the largest. Passing over pairs is cheap and reading a
// score that is no integer is not: so it notes where pairs are and searches
// among them by halves.
func placePacked(lp []byte, score float64, member []byte) int {
	end := len(lp) - 1
	last := listpack.Last(lp)
	if last < 0 || !belongsBefore(lp, listpack.Prev(lp, last), score, member) {
		return end // most often: scores tend to grow
	}
	var at [samples]uint32
	step := listpack.Len(lp)/2/samples + 1
	n := 0
	for i, p := 0, listpack.First(lp); p < end && n < samples; i++ {
		if i%step == 0 {
			at[n] = uint32(p)
			n++
		}
		p += listpack.EntrySize(lp, p)
		p += listpack.EntrySize(lp, p)
	}
	// Find the last pair noted that stays before the new one.
	lo, hi := 0, n
	for lo < hi {
		m := (lo + hi) / 2
		if belongsBefore(lp, int(at[m]), score, member) {
			hi = m
		} else {
			lo = m + 1
		}
	}
	p := int(at[max(lo-1, 0)])
	for p < end && !belongsBefore(lp, p, score, member) {
		p += listpack.EntrySize(lp, p)
		p += listpack.EntrySize(lp, p)
	}
	return p
}

// belongsBefore tells whether a member and its score come before the pair at p.
func belongsBefore(lp []byte, p int, score float64, member []byte) bool {
	s := scoreAt(lp, p+listpack.EntrySize(lp, p))
	return score < s || score == s && comparePacked(lp, p, member) > 0
}

// comparePacked compares the element at p with a text.
func comparePacked(lp []byte, p int, text []byte) int {
	var buf [number.MaxIntLen]byte
	return bytes.Compare(listpack.GetText(lp, p, &buf), text)
}

// updatePacked gives the member at p another score.
func updatePacked(c object.Cell, lp []byte, p int, score float64, flags Flags) (float64, Outcome) {
	sp := listpack.Next(lp, p)
	score, out := flags.change(scoreAt(lp, sp), score)
	if out != Updated {
		return score, out
	}
	var buf [number.MaxScoreLen]byte
	text := appendPackedScore(buf[:0], score)
	lp = c.Reserve(len(lp) - listpack.EntrySize(lp, sp) + listpack.EncodedSize(text))
	if staysPacked(lp, p, sp, score) {
		c.SetLen(len(listpack.Replace(lp, sp, text)))
		return score, Updated
	}
	// The member is moved within the listpack. Its bytes are in the way of the
	// edits, so they go through a buffer, which is larger for larger limits.
	var mbuf [128]byte
	member := listpack.AppendElem(mbuf[:0], lp, p)
	lp = listpack.DeleteRange(lp, p, 2)
	p = placePacked(lp, score, member)
	lp = listpack.Insert(lp, p, text)
	lp = listpack.Insert(lp, p, member)
	c.SetLen(len(lp))
	return score, Updated
}

// staysPacked tells whether the pair at p and sp stays in place with another
// score: strictly between its neighbours, so that members need no comparing.
func staysPacked(lp []byte, p, sp int, score float64) bool {
	if prev := listpack.Prev(lp, p); prev >= 0 && scoreAt(lp, prev) >= score {
		return false
	}
	next := listpack.Next(lp, sp)
	return next < 0 || scoreAt(lp, listpack.Next(lp, next)) > score
}
