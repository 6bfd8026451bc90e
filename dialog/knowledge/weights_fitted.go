package knowledge

// Written by TestFitWeights -fit; see weights.go. Order: the constants there.

func fittedZh() weights {
	return weights{
		candidate: candidateWeights{2.642, 0.275, 10.609, 0.000, 1.709, 9.116, 2.595, 3.429, 0.000, 2.000, 0.000, 0.000, 0.000, 0.000},
		none:      noneWeights{4.349, -1.839, 0.834, -1.006, 0.673, 0.000, 0.000},
	}
}

func fittedZhMeaning() weights {
	return weights{
		candidate: candidateWeights{0.000, 0.481, 3.058, 0.000, 1.126, 5.629, 1.574, 3.442, 0.000, 2.000, 0.000, 5.909, 2.483, 5.682},
		none:      noneWeights{-0.121, -0.175, 0.161, -0.027, 1.005, 1.359, 3.604},
	}
}

func fittedEn() weights {
	return weights{
		candidate: candidateWeights{4.019, 2.181, 7.910, 0.000, 0.818, 8.826, 2.063, 0.000, 1.876, 2.000, 0.000, 0.000, 0.000, 0.000},
		none:      noneWeights{6.173, -2.068, 0.545, -0.840, 0.326, 0.000, 0.000},
	}
}

func fittedEnMeaning() weights {
	return weights{
		candidate: candidateWeights{0.000, 2.401, 0.000, 0.000, 0.407, 5.162, 1.739, 0.009, 0.188, 2.000, 0.971, 4.915, 3.849, 2.625},
		none:      noneWeights{2.719, -1.030, 0.449, 0.134, 0.788, -0.452, 2.869},
	}
}
