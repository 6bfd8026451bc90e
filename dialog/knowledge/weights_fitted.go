package knowledge

// Written by TestFitWeights -fit; see weights.go. Order: the constants there.

func fittedZh() weights {
	return weights{
		candidate: candidateWeights{2.809, 0.000, 10.203, 0.000, 1.698, 8.723, 1.058, 4.337, 0.000, 2.000, 0.000, 0.000, 0.000, 0.000},
		none:      noneWeights{3.697, -1.529, 0.469, -0.712, 0.665, 0.000},
	}
}

func fittedZhMeaning() weights {
	return weights{
		candidate: candidateWeights{0.000, 0.331, 3.186, 0.000, 1.353, 5.812, 0.000, 5.171, 0.000, 2.000, 0.000, 5.110, 2.758, 5.320},
		none:      noneWeights{-0.334, -0.106, 0.652, -0.102, 1.198, 1.650},
	}
}

func fittedEn() weights {
	return weights{
		candidate: candidateWeights{2.957, 2.299, 8.180, 0.000, 0.960, 8.157, 1.429, 0.000, 1.674, 2.000, 0.000, 0.000, 0.000, 0.000},
		none:      noneWeights{6.482, -1.423, 0.032, -1.103, 0.249, 0.000},
	}
}

func fittedEnMeaning() weights {
	return weights{
		candidate: candidateWeights{0.000, 2.557, 0.000, 0.000, 0.519, 4.815, 0.209, 1.033, 0.000, 2.000, 0.927, 4.643, 3.744, 2.981},
		none:      noneWeights{4.292, -0.929, -0.003, -0.091, 0.695, -0.410},
	}
}
