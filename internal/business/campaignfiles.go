package business

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"hotline/campaigns"
	"hotline/internal/campaignfile"
)

// CampaignFile is a campaign as a file of campaigns/ has it: one that could be made.
type CampaignFile struct {
	Name     string // campaigns/delivery.yaml
	About    string // the comment that it begins with
	Campaign campaigns.Campaign
	Wrong    string // what is wrong first, with its line; "" for nothing
}

// CampaignFiles reads campaigns/*.yaml of a business's folder; a folder without any has
// none. A campaign without an id has its file's name, as hotline campaign create gives it.
func CampaignFiles(dir string) []CampaignFile {
	f := folder{business: &Business{Dir: dir}, report: &Report{}}
	var out []CampaignFile
	for _, e := range f.entries(CampaignDir, ".yaml", ".yml") {
		one := CampaignFile{Name: path.Join(CampaignDir, e)}
		data, err := f.read(one.Name)
		if err != nil {
			one.Wrong = reason(err)
			out = append(out, one)
			continue
		}
		text, _ := decodeText(data)
		made, problems := campaignfile.Parse([]byte(text))
		if len(problems) > 0 {
			one.Wrong = fmt.Sprintf("%s:%d: %s", one.Name, problems[0].Line, problems[0])
		}
		made.ID = cmp.Or(made.ID, strings.TrimSuffix(e, path.Ext(e)))
		one.About, one.Campaign = openingComment(text), made
		out = append(out, one)
	}
	return out
}

// openingComment is the comment at the top of a file, line by line.
func openingComment(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		words, is := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !is {
			break
		}
		lines = append(lines, strings.TrimSpace(words))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
