package knowledge

// Written by TestFitWeights -fit; see weights.go. Order: the constants there.

func fittedZh() weights {
	return weights{
		candidate: candidateWeights{2.633, 0.282, 10.606, 0.000, 1.709, 9.118, 2.509, 3.484, 0.000, 2.000, 0.000, 0.000, 0.000, 0.000},
		none:      noneWeights{4.339, -1.845, 0.855, -1.009, 0.674, 0.000, 0.000},
	}
}

func fittedZhMeaning() weights {
	return weights{
		candidate: candidateWeights{0.000, 0.483, 3.057, 0.000, 1.126, 5.630, 1.490, 3.501, 0.000, 2.000, 0.000, 5.910, 2.483, 5.682},
		none:      noneWeights{-0.121, -0.177, 0.165, -0.027, 1.005, 1.359, 3.602},
	}
}

func fittedEn() weights {
	return weights{
		candidate: candidateWeights{2.957, 2.299, 8.180, 0.000, 0.960, 8.157, 1.429, 0.000, 1.674, 2.000, 0.000, 0.000, 0.000, 0.000},
		none:      noneWeights{6.482, -1.423, 0.032, -1.103, 0.249, 0.000, 0.000},
	}
}

func fittedEnMeaning() weights {
	return weights{
		candidate: candidateWeights{0.000, 2.544, 0.000, 0.000, 0.506, 4.840, 0.164, 1.036, 0.000, 2.000, 0.989, 4.630, 3.734, 2.940},
		none:      noneWeights{3.606, -1.053, -0.044, -0.024, 0.687, -0.651, 2.768},
	}
}
