package number

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Zones are the time zones in which a number of normal form may be, by their IANA
// names; none when that is not known. A mobile number may be wherever its country is,
// except where mobile numbers belong to areas, as in North America.
func Zones(number string) []string {
	if !strings.HasPrefix(number, "+") {
		return nil
	}
	parsed, err := phonenumbers.Parse(number, "")
	if err != nil {
		return nil
	}
	prefix := number
	if phonenumbers.GetNumberType(parsed) == phonenumbers.MOBILE {
		prefix = strconv.Itoa(int(parsed.GetCountryCode()))
	}
	zones, err := phonenumbers.GetTimezonesForPrefix(prefix)
	if err != nil || len(zones) == 0 || zones[0] == phonenumbers.UNKNOWN_TIMEZONE {
		return nil
	}
	return zones
}

// everywhere are emergency numbers that a telephone is to recognise in any country:
// 3GPP TS 22.101 clause 10.1.1.
var everywhere = []string{"112", "911", "000", "08", "110", "118", "119", "999"}

// Emergency tells whether a number as it is dialled reaches an emergency service, or
// might: it errs on the side of yes. The numbers are libphonenumber's short number data
// of the number's country and of the plan's.
func (p Plan) Emergency(number string) bool {
	if _, mobile := p.quick.mobile(p, number); mobile {
		return false
	}
	return p.emergency(number)
}

func (p Plan) emergency(number string) bool {
	dialled := plain(number)
	regions, digits := []string{p.region}, strings.TrimPrefix(dialled, "+")
	if rest, ok := strings.CutPrefix(dialled, "00"); ok && len(rest) > 3 {
		digits = rest
		dialled = "+" + rest
	}
	if !strings.HasPrefix(dialled, "+") {
		return emergencyIn(digits, regions)
	}
	parsed, err := phonenumbers.Parse(dialled, "")
	if err != nil {
		return emergencyIn(digits, regions)
	}
	if phonenumbers.IsValidNumber(parsed) {
		return false
	}
	regions = append(regions, phonenumbers.GetRegionCodesForCountryCode(int(parsed.GetCountryCode()))...)
	return emergencyIn(strings.TrimPrefix(digits, strconv.Itoa(int(parsed.GetCountryCode()))), regions) || emergencyIn(digits, regions)
}

// emergencyIn tells whether digits, alone or after an area code, are an emergency
// number of one of the regions: 010 110 is Beijing's police from all over China.
func emergencyIn(digits string, regions []string) bool {
	if slices.Contains(everywhere, digits) {
		return true
	}
	for _, region := range regions {
		for area := 0; area <= 4 && len(digits)-area >= 2; area++ {
			if phonenumbers.IsEmergencyNumber(digits[area:], region) && (area == 0 || area >= 2) {
				return true
			}
		}
	}
	return false
}

// Callable tells whether a number of normal form is a subscriber's, and one that costs
// what calls cost: no short number, no premium rate.
func (p Plan) Callable(number string) bool {
	if _, mobile := p.quick.mobile(p, number); mobile {
		return true
	}
	return p.callable(number)
}

func (p Plan) callable(number string) bool {
	if !strings.HasPrefix(number, "+") || p.emergency(number) {
		return false
	}
	parsed, err := phonenumbers.Parse(number, p.region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(parsed) != phonenumbers.IS_POSSIBLE || phonenumbers.Format(parsed, phonenumbers.E164) != number {
		return false
	}
	switch phonenumbers.GetNumberType(parsed) {
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST:
		return false
	default:
		return true
	}
}

// Zones is [Zones]: where a number is does not depend on who dials it.
func (p Plan) Zones(number string) []string {
	if zones, mobile := p.quick.mobile(p, number); mobile {
		return zones
	}
	return Zones(number)
}
