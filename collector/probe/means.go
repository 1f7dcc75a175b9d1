package probe

// MeaningOf says what the case's verdict means for a Go program; "" where it is
// simply what one expects.
func (c Case) MeaningOf(v Verdict) string {
	if text := c.means[v]; text != "" {
		return text
	}
	switch v {
	case LeftRES:
		return "RES falls, and the host gets no memory back: something else holds it."
	case Lazy:
		return "RES does not fall: the kernel takes the pages when memory gets short."
	case FreedWithError:
		return "The call's error does not mean that nothing was released: all that was mapped there is gone."
	case Refused:
		return "Nothing was released: whoever looks at RES alone sees a program that keeps its memory."
	case CameBack:
		return "Memory that had left RES came back without a touch."
	case Split:
		return "RES stays as it is, and huge pages became small ones."
	case Grew:
		return "RES grew, though the program touched nothing."
	case Partly:
		return "Not all of it was released, or not all of that came back to the host."
	}
	return ""
}
