package business_test

import (
	"hotline/internal/business"
	"os"
	"testing"
)

func TestTmp(t *testing.T) {
	for _, d := range []string{"../../examples/retail-zh", "../../examples/retail-en"} {
		_ = business.Check(os.Stdout, d, os.Getenv("CHKLANG"))
	}
}
