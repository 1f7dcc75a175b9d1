package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"regexp"
	"testing"
)

// pageData is the JSON of a page, as a browser finds it.
type pageData struct {
	Recordings []struct {
		ID    string
		RES   pageLine `json:"res"`
		Stats []pageLine
		Kinds []struct{ Lane, Call, Advice, Who string }
		Marks struct{ Kind, From, To, Calls, Asked, Left, First, Last pageColumn }
		// Ledger and Space.
		Ledger struct {
			At, RES pageColumn
			Layers  []struct {
				ID    string
				Bytes pageColumn
			}
		}
		Space struct {
			Rows []struct {
				Label            string
				Mapped, Resident pageColumn
			}
		}
	}
	Lab *struct {
		Measures []struct {
			ID   string
			Rows []struct {
				Name             string
				Median, Min, Max float64
			}
		}
	}
}

type pageLine struct {
	ID        string
	At, Value pageColumn
}

type pageColumn []float64

func (c *pageColumn) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return err
	}
	for ; len(raw) >= 8; raw = raw[8:] {
		*c = append(*c, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	}
	return nil
}

func (c pageColumn) sum() (total float64) {
	for _, v := range c {
		total += v
	}
	return total
}

func dataOf(t *testing.T, page string) pageData {
	t.Helper()
	found := regexp.MustCompile(`<script type="application/json" id="data">(.*)</script>`).FindStringSubmatch(page)
	if found == nil {
		t.Fatal("no data in the page")
	}
	var d pageData
	if err := json.Unmarshal([]byte(found[1]), &d); err != nil {
		t.Fatal(err)
	}
	return d
}
